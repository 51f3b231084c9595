// Package connectiontype wraps messages in the envelope of a connection type.
// Its functions append to a buffer; the messages are JSON objects with commas
// between them.
package connectiontype

import "halley/bayeux/message"

// DefaultCallback is the function that a callback-polling reply calls if the
// request names none (Bayeux 1.0, 6.2).
const DefaultCallback = "jsonpcallback"

const maxCallback = 128

// AppendLongPolling appends the body of a long-polling reply: a JSON array.
func AppendLongPolling(dst, messages []byte) []byte {
	dst = append(dst, '[')
	dst = append(dst, messages...)
	return append(dst, ']')
}

// AppendCallbackPolling appends the body of a callback-polling reply: a script
// that calls callback with the array. The comment in front keeps the body from
// being taken for another type of file, whose first bytes callback could be;
// what a script cannot hold, U+2028, U+2029 and '<', is escaped.
func AppendCallbackPolling(dst []byte, callback string, messages []byte) []byte {
	dst = append(dst, "/**/"...)
	dst = append(dst, callback...)
	dst = append(dst, "(["...)
	dst = message.AppendScriptSafe(dst, messages)
	return append(dst, "]);"...)
}

// ValidCallback tells whether name may be called in a callback-polling reply: a
// dotted path of identifiers in ASCII, at most 128 bytes.
func ValidCallback(name []byte) bool {
	if len(name) == 0 || len(name) > maxCallback {
		return false
	}
	start := true
	for _, c := range name {
		switch {
		case c == '.':
			if start {
				return false
			}
			start = true
			continue
		case start && '0' <= c && c <= '9', !identifier(c):
			return false
		}
		start = false
	}
	return !start
}

func identifier(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '$'
}
