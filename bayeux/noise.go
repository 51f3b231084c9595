package bayeux

// noise is a generator of numbers that spread deadlines; anybody may guess them.
type noise struct{ state uint64 }

// below returns a number below n that differs from call to call.
func (g *noise) below(n int64) int64 {
	g.state ^= g.state << 13
	g.state ^= g.state >> 7
	g.state ^= g.state << 17
	if n <= 0 {
		return 0
	}
	return int64(g.state % uint64(n))
}

func le64(b []byte) (v uint64) {
	for i := 7; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}
