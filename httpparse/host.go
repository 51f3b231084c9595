package httpparse

import "bytes"

// validHost reports whether h is uri-host [ ":" port ] (RFC 9110, 7.2) with a host that is not empty,
// as the http scheme demands (RFC 9110, 4.2.1).
func validHost(h []byte) bool {
	end := hostEnd(h)
	return end > 0 && (end == len(h) || validPort(h[end:]))
}

// hostEnd is the length of the uri-host that b begins with; 0 when it begins with none.
func hostEnd(b []byte) int {
	i := skipHost(b, 0)
	if i < len(b) && (b[i] == '%' || b[i] == '[') {
		return rareHostEnd(b, i)
	}
	return i
}

func skipHost(b []byte, i int) int {
	for i < len(b) && classes[b[i]]&classHost != 0 {
		i++
	}
	return i
}

// rareHostEnd is hostEnd for what nobody sends: escapes, and addresses of IPv6. i is where the first
// special byte is.
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

// validPort reports whether p is a colon and a port number. The number may be missing (RFC 3986, 3.2.3).
func validPort(p []byte) bool {
	if p[0] != ':' || len(p) > 1+5 || len(p) == 1+5 && string(p) > ":65535" {
		return false
	}
	for _, c := range p[1:] {
		if !isDigit(c) {
			return false
		}
	}
	return true
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
