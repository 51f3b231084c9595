package message

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendUnquoted appends the value of a valid JSON string; nothing if raw is another
// JSON value. Half a surrogate pair becomes U+FFFD.
func AppendUnquoted(dst, raw []byte) []byte {
	if len(raw) < 2 || raw[0] != '"' {
		return dst
	}
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
	for {
		i := plain(s, 0)
		dst = append(dst, s[:i]...)
		if i == len(s) {
			return append(dst, '"')
		}
		if s = s[i:]; s[0] >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s)
			dst = utf8.AppendRune(dst, r)
			s = s[n:]
			continue
		}
		dst = appendEscaped(dst, s[0])
		s = s[1:]
	}
}

// appendEscaped appends the escape of a quote, a backslash or a control character.
func appendEscaped(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// AppendScriptSafe appends valid JSON such that it may stand in a script, whether
// in a file or in a page: U+2028 and U+2029, which older engines take for line
// ends, and '<', which could end the script's element, are escaped. All three can
// stand only in strings.
func AppendScriptSafe(dst, raw []byte) []byte {
	start := 0
	for i := scriptUnsafe(raw, 0); i < len(raw); i = scriptUnsafe(raw, i) {
		switch {
		case raw[i] == '<':
			dst = append(append(dst, raw[start:i]...), `\u003c`...)
			i++
			start = i
		case isSeparator(raw[i:]):
			dst = append(append(dst, raw[start:i]...), `\u202`...)
			dst = append(dst, hexDigits[raw[i+2]&15])
			i += len(lineSeparator)
			start = i
		default:
			i++
		}
	}
	return append(dst, raw[start:]...)
}

// U+2029 differs from it in the last bit.
const lineSeparator = "\u2028"

func isSeparator(b []byte) bool {
	return len(b) >= 3 && b[0] == lineSeparator[0] && b[1] == lineSeparator[1] && b[2]|1 == lineSeparator[2]|1
}

// scriptUnsafe returns the index of the first byte from i on that is '<' or may begin
// U+2028 or U+2029; len(b) if there is none.
func scriptUnsafe(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if special := zeros(w^ones*'<') | zeros(w^ones*uint64(lineSeparator[0])); special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	for ; i < len(b) && b[i] != '<' && b[i] != lineSeparator[0]; i++ {
	}
	return i
}
