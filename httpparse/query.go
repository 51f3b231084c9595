package httpparse

import "bytes"

// Values calls visit with each value that key has in a query or an
// application/x-www-form-urlencoded body, still encoded, in their order, until visit returns false.
// key is plain; names in the form may be encoded. A name without "=" has an empty value.
func Values(form []byte, key string, visit func(raw []byte) bool) {
	for len(form) > 0 {
		pair := form
		if end := bytes.IndexByte(form, '&'); end >= 0 {
			pair, form = form[:end], form[end+1:]
		} else {
			form = nil
		}
		name, value := pair, pair[len(pair):]
		if equals := bytes.IndexByte(pair, '='); equals >= 0 {
			name, value = pair[:equals], pair[equals+1:]
		}
		if isEncoded(name, key) && !visit(value) {
			return
		}
	}
}

// Value is the first value that key has in form, still encoded; nil when there is none.
func Value(form []byte, key string) (raw []byte) {
	Values(form, key, func(value []byte) bool {
		raw = value
		return false
	})
	return raw
}

// isEncoded reports whether raw is an encoding of plain.
func isEncoded(raw []byte, plain string) bool {
	for i := range len(plain) {
		c, n := unescape(raw)
		if n == 0 || c != plain[i] {
			return false
		}
		raw = raw[n:]
	}
	return len(raw) == 0
}

// unescape decodes the first character of raw and returns how many bytes it took: 0 when raw is empty
// or its escape is broken.
func unescape(raw []byte) (c byte, n int) {
	switch {
	case len(raw) == 0:
		return 0, 0
	case raw[0] == '+':
		return ' ', 1
	case raw[0] != '%':
		return raw[0], 1
	case len(raw) < 3 || classes[raw[1]]&classes[raw[2]]&classHex == 0:
		return 0, 0
	}
	return hexValue(raw[1])<<4 | hexValue(raw[2]), 3
}

// hexValue is the value of a hexadecimal digit.
func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// AppendUnescaped appends raw to dst with "%" escapes and "+" decoded, as in queries and forms. The
// only error is an Error of KindEscape, with its offset in raw; dst then holds what came before it.
func AppendUnescaped(dst, raw []byte) ([]byte, error) {
	for i := 0; i < len(raw); {
		plain := plainLength(raw[i:])
		dst = append(dst, raw[i:i+plain]...)
		if i += plain; i == len(raw) {
			break
		}
		c, n := unescape(raw[i:])
		if n == 0 {
			return dst, Error{KindEscape, i}
		}
		dst = append(dst, c)
		i += n
	}
	return dst, nil
}

// plainLength counts the bytes at the start of raw that stand for themselves.
func plainLength(raw []byte) int {
	for i, c := range raw {
		if c == '%' || c == '+' {
			return i
		}
	}
	return len(raw)
}

// Cookie is the value of the first cookie of this name in a Cookie field, without the quotes that it
// may have (RFC 6265, 4.2.1 and 5.4); nil when there is none. Names are case-sensitive.
func Cookie(header []byte, name string) []byte {
	for len(header) > 0 {
		pair := header
		if end := bytes.IndexByte(header, ';'); end >= 0 {
			pair, header = header[:end], header[end+1:]
		} else {
			header = nil
		}
		equals := bytes.IndexByte(pair, '=')
		if equals < 0 || string(trim(pair[:equals])) != name {
			continue
		}
		value := trim(pair[equals+1:])
		if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
			value = value[1 : n-1]
		}
		return value
	}
	return nil
}

// TokenList reports whether list is one or more tokens with commas between, such as names of fields.
func TokenList(list []byte) bool {
	for element := range elements(list) {
		if len(element) == 0 || skipToken(element, 0) != len(element) {
			return false
		}
	}
	return true
}
