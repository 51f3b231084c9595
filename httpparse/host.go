package httpparse

import "bytes"

// validHost reports whether h is uri-host [ ":" port ] (RFC 9110, 7.2) with a host that is not empty,
// as the http scheme demands (RFC 9110, 4.2.1).
func validHost(h []byte) bool {
	end := len(h)
	for end > 0 && isDigit(h[end-1]) {
		end--
	}
	if end > 0 && h[end-1] == ':' {
		if !validPort(h[end:]) {
			return false
		}
		h = h[:end-1]
	}
	i := skipHost(h, 0)
	return len(h) > 0 && (i == len(h) || rareHostEnd(h, i) == len(h))
}

// skipHost is the index of the first byte from i on that is not plainly part of a host name.
func skipHost(b []byte, i int) int {
	for i < len(b) && classes[b[i]]&classHost != 0 {
		i++
	}
	return i
}

// validPort reports whether p, which is digits, is a port number. It may be missing (RFC 3986, 3.2.3).
func validPort(p []byte) bool { return len(p) < 5 || len(p) == 5 && string(p) <= "65535" }

// rareHostEnd is the length of the host that b begins with if that has escapes or is an address of IPv6.
// i is where the first byte that skipHost does not know is.
func rareHostEnd(b []byte, i int) int {
	if b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 || !validIPv6(b[1:end]) {
			return 0
		}
		return end + 1
	}
	for i+2 < len(b) && b[i] == '%' && classes[b[i+1]]&classes[b[i+2]]&classHex != 0 {
		i = skipHost(b, i+3)
	}
	return i
}

// validIPv6 reports whether b is an IPv6address (RFC 3986, 3.2.2). A zone has no meaning to a server
// and is refused.
func validIPv6(b []byte) bool {
	groups, gap := 0, false
	if len(b) >= 2 && b[0] == ':' && b[1] == ':' {
		gap, b = true, b[2:]
	}
	for len(b) > 0 {
		n := hexGroup(b)
		if n < len(b) && b[n] == '.' {
			groups += 2
			if !validIPv4(b) {
				return false
			}
			break
		}
		groups++
		if n == 0 || n < len(b) && b[n] != ':' || n == len(b)-1 {
			return false
		}
		b = b[min(n+1, len(b)):]
		if len(b) > 0 && b[0] == ':' {
			if gap {
				return false
			}
			gap, b = true, b[1:]
		}
	}
	return groups < 8 && gap || groups == 8 && !gap
}

// hexGroup counts the hexadecimal digits at the start of b, up to four.
func hexGroup(b []byte) int {
	n := 0
	for n < 4 && n < len(b) && classes[b[n]]&classHex != 0 {
		n++
	}
	return n
}

// validIPv4 reports whether b is four decimal numbers of at most 255, without leading zeros.
func validIPv4(b []byte) bool {
	for part := 0; ; part++ {
		n, value := 0, 0
		for n < len(b) && n < 3 && isDigit(b[n]) {
			value = value*10 + int(b[n]-'0')
			n++
		}
		if n == 0 || value > 255 || n > 1 && b[0] == '0' {
			return false
		}
		if part == 3 {
			return n == len(b)
		}
		if n == len(b) || b[n] != '.' {
			return false
		}
		b = b[n+1:]
	}
}
