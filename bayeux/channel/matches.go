package channel

import "bytes"

// Matches tells whether pattern, which may end in a wildcard, matches name:
// "*" stands for one segment, "**" for one or more, and neither for none
// (Bayeux 1.0, 2.2.1 MUST globbing). Both must be valid.
func Matches(pattern, name []byte) bool {
	parent, deep := bytes.CutSuffix(pattern, []byte("/**"))
	if !deep {
		var single bool
		if parent, single = bytes.CutSuffix(pattern, []byte("/*")); !single {
			return bytes.Equal(pattern, name)
		}
	}
	rest, below := bytes.CutPrefix(name, parent)
	if !below || len(rest) < 2 || rest[0] != '/' {
		return false
	}
	return deep || bytes.IndexByte(rest[1:], '/') < 0
}

// IsWildcard tells whether pattern matches other names than itself.
func IsWildcard(pattern []byte) bool {
	return bytes.HasSuffix(pattern, wildSuffix) || bytes.HasSuffix(pattern, deepSuffix)
}
