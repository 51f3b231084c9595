package channel

import "bytes"

// Meet is the pattern of the channels that are of both a and b: the narrower one of them, since of two patterns one has
// all channels of the other, or they have none in common. It is nil if they have none.
func Meet(a, b []byte) []byte {
	switch {
	case within(a, b):
		return a
	case within(b, a):
		return b
	}
	return nil
}

// within tells whether all channels of pattern are of wide. The names of wildcards stand for the channels that they match:
// a deep one is below none but a deep one.
func within(pattern, wide []byte) bool {
	if string(pattern) == string(wide) {
		return true
	}
	if !IsWildcard(pattern) {
		return Matches(wide, pattern)
	}
	return bytes.HasSuffix(wide, deepSuffix) && Matches(wide, pattern)
}
