package channel

// EachWildcard calls visit with every wildcard pattern that matches name, the narrowest first, until visit returns false. There is
// one for each segment of the name, and one more. The pattern is good until visit returns; buffer is where it is built.
func EachWildcard(buffer, name []byte, visit func(pattern []byte) bool) {
	last := true
	for end := len(name) - 1; end >= 0; end-- {
		if name[end] != '/' {
			continue
		}
		prefix := append(buffer[:0], name[:end]...)
		if last && !visit(append(prefix, wildSuffix...)) || !visit(append(prefix, deepSuffix...)) {
			return
		}
		last = false
	}
}
