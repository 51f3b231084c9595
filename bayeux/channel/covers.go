package channel

import "bytes"

// Covers tells whether pattern matches every name that other, a name or a pattern, stands for. Both must
// be valid.
func Covers(pattern, other []byte) bool {
	below, deep := bytes.CutSuffix(other, deepSuffix)
	if !deep {
		var single bool
		if below, single = bytes.CutSuffix(other, wildSuffix); !single {
			return Matches(pattern, other)
		}
	}
	if bytes.Equal(pattern, other) {
		return true
	}
	parent, all := bytes.CutSuffix(pattern, deepSuffix)
	if !all {
		return false
	}
	rest, within := bytes.CutPrefix(below, parent)
	return within && (len(rest) == 0 || rest[0] == '/')
}
