package channel

// Wildcards walks the wildcard patterns that match a name, the narrowest first. There is one for each segment of the name, and
// one more. A name may itself be spelled like a wildcard; that one is walked too.
type Wildcards struct {
	name []byte
	end  int  // the next pattern's prefix ends here
	wild bool // the next pattern is the one with a single star, which comes first
}

// WildcardsOf begins to walk the wildcards of name.
func WildcardsOf(name []byte) Wildcards { return Wildcards{name, slashBefore(name, len(name)), true} }

// Append appends the next pattern to dst. More is false after the last one. The room of dst may be where name itself is, since
// a pattern changes nothing of the prefixes that follow.
func (w *Wildcards) Append(dst []byte) (pattern []byte, more bool) {
	if w.end < 0 {
		return dst, false
	}
	dst = append(dst, w.name[:w.end]...)
	if w.wild {
		w.wild = false
		return append(dst, wildSuffix...), true
	}
	w.end = slashBefore(w.name, w.end)
	return append(dst, deepSuffix...), true
}

// slashBefore is the place of the last slash before end, or -1.
func slashBefore(name []byte, end int) int {
	for end--; end >= 0 && name[end] != '/'; end-- {
	}
	return end
}
