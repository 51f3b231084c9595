// Proved by TestAppendValue.

// Package feed reads and makes what `halley pub` publishes: rows of a recorded
// feed as JSON, the pace at which they are due, and a synthetic market.
package feed

import (
	"strings"

	"halley/bayeux/message"
)

// AppendValue writes a column as JSON: what is a JSON number stays that number
// digit for digit, everything else becomes a string.
func AppendValue(dst []byte, column string) []byte {
	if isNumber(column) {
		return append(dst, column...)
	}
	return AppendString(dst, column)
}

// AppendString writes s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD.
func AppendString(dst []byte, s string) []byte {
	return message.AppendString(dst, []byte(strings.ToValidUTF8(s, "\uFFFD")))
}

// isNumber follows the grammar of RFC 8259, 6.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	return s == "" || isExponent(s)
}

func isExponent(s string) bool {
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

// digits counts those that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
