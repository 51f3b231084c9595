package message

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

func hasEscape(s []byte) bool { return bytes.IndexByte(s, '\\') >= 0 }

// AppendUnquoted appends the value of a valid JSON string. Half a surrogate pair
// becomes U+FFFD.
func AppendUnquoted(dst, raw []byte) []byte {
	for s := raw[1 : len(raw)-1]; len(s) > 0; {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		var n int
		dst, n = appendEscape(dst, s[i:])
		s = s[i+n:]
	}
	return dst
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// appendEscape appends what the escape at the start of s stands for, and tells
// its length.
func appendEscape(dst, s []byte) ([]byte, int) {
	if s[1] != 'u' {
		return append(dst, escapes[s[1]]), 2
	}
	r := hex4(s[2:])
	if !utf16.IsSurrogate(r) {
		return utf8.AppendRune(dst, r), 6
	}
	if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(s[8:])); pair != utf8.RuneError {
			return utf8.AppendRune(dst, pair), 12
		}
	}
	return utf8.AppendRune(dst, utf8.RuneError), 6
}

func hex4(s []byte) (r rune) {
	for _, c := range s[:4] {
		r <<= 4
		switch {
		case isDigit(c):
			r |= rune(c - '0')
		default:
			r |= rune(c|0x20-'a') + 10
		}
	}
	return r
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD.
func AppendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	for len(s) > 0 {
		i := plain(s, 0)
		dst = append(dst, s[:i]...)
		if s = s[i:]; len(s) == 0 {
			break
		}
		c := s[0]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			r, n := utf8.DecodeRune(s)
			dst = utf8.AppendRune(dst, r)
			s = s[n:]
			continue
		}
		s = s[1:]
	}
	return append(dst, '"')
}

// AppendScriptSafe appends valid JSON such that it may stand in a script, whether
// in a file or in a page: U+2028 and U+2029, which older engines take for line
// ends, and '<', which could end the script's element, are escaped. All three can
// stand only in strings.
func AppendScriptSafe(dst, raw []byte) []byte {
	for len(raw) > 0 {
		i := bytes.IndexAny(raw, "<\u2028\u2029")
		if i < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:i]...)
		if raw[i] == '<' {
			dst = append(dst, `\u003c`...)
			raw = raw[i+1:]
			continue
		}
		dst = append(append(dst, `\u202`...), hexDigits[raw[i+2]&15])
		raw = raw[i+len("\u2028"):]
	}
	return dst
}

// AppendCompact appends valid JSON without the white space between its tokens.
func AppendCompact(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		switch raw[i] {
		case ' ', '\t', '\r', '\n':
			i++
		case '"':
			p := parser{b: raw, i: i}
			p.str()
			dst = append(dst, raw[i:p.i]...)
			i = p.i
		default:
			dst = append(dst, raw[i])
			i++
		}
	}
	return dst
}
