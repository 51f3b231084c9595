package socket

// Ahead is a plain Socket of which some input came by another one: it stands before what gnet has.
type Ahead struct {
	*Plain
	in []byte
}

// Receive implements Socket.
func (a *Ahead) Receive() error {
	if len(a.in) > 0 && a.Plain.Buffered() > 0 {
		a.in = append(a.in, a.Plain.Peek(-1)...)
		a.Plain.Discard(-1)
	}
	return nil
}

// Buffered implements Socket.
func (a *Ahead) Buffered() int {
	if len(a.in) > 0 {
		return len(a.in)
	}
	return a.Plain.Buffered()
}

// Peek implements Socket.
func (a *Ahead) Peek(n int) []byte {
	switch {
	case len(a.in) == 0:
		return a.Plain.Peek(n)
	case n < 0:
		return a.in
	case n > len(a.in):
		return nil
	}
	return a.in[:n]
}

// Discard implements Socket.
func (a *Ahead) Discard(n int) {
	switch {
	case len(a.in) == 0:
		a.Plain.Discard(n)
	case n >= 0 && n < len(a.in):
		a.in = a.in[n:]
	default:
		a.in = nil
	}
}

// Held implements Socket.
func (a *Ahead) Held() int { return cap(a.in) + a.Plain.Buffered() }
