package websocket

// Limits are what a connection's messages may be; one value serves all connections. A limit of zero
// allows nothing.
type Limits struct {
	MaxMessage   int  // bytes of one message, its fragments together
	MaxFragments int  // frames of one message, empty ones included
	Binary       bool // accept binary messages, which are refused with 1003 otherwise
	RSV1         bool // accept compressed messages, where permessage-deflate was agreed (RFC 7692)
}

// Message is a whole message, or a control frame.
type Message struct {
	Opcode     Opcode // OpText, OpBinary, OpClose, OpPing or OpPong; OpContinuation if nothing is complete
	Compressed bool   // Payload is to be inflated (RFC 7692, 7.2.2); whether it is UTF-8 is not known before
	Code       Code   // of OpClose: CodeNoStatus if the peer gave none
	Payload    []byte // unmasked; of OpClose the reason. Valid until the next call, and while the input is
}

// Assembler puts a client's messages together (RFC 6455, 5.4 MUST fragments) from input that is cut anywhere. The zero value is ready.
// It has a buffer only while a frame or a message is incomplete, which grows with what arrives and not
// with what a header announces.
type Assembler struct {
	buf        []byte // the message so far; behind it, what has arrived of a header or a control frame
	size       int    // how much of buf is of the message's complete frames
	left       int    // bytes of the present frame that have not arrived
	fragments  int32  // frames of the message so far
	mask       [maskLength]byte
	turn       uint8 // of mask, the byte that is due
	text       Text  // checks a text message
	frame      Opcode
	fin        bool   // the present frame ends its message
	message    Opcode // the unfinished message's, OpContinuation if there is none
	compressed bool   // so is the unfinished message
	state      state
	fault      Kind
}

// Partial tells whether a message or a frame has begun and is not complete.
func (a *Assembler) Partial() bool {
	return a.state == inPayload || len(a.buf) > 0 || a.message != OpContinuation
}

// Kept is how many bytes are kept of a message that is not complete.
func (a *Assembler) Kept() int { return cap(a.buf) }

// state is where in the input an Assembler stands.
type state uint8

const (
	inHeader state = iota
	inPayload
	closed // by a close frame: nothing counts after it (RFC 6455, 5.5.1)
	failed
)

// Next reads src up to the end of the first message or control frame in it. It gives that, and n, the
// bytes it took; if m.Opcode is OpContinuation, src is used up and no message complete. Where a frame is
// whole in src it is unmasked in place, and if it is a whole message too, or a control frame, its
// Payload is a span of src. After a close frame everything is skipped. An error is an Error: the
// connection has to end, and every later call returns the same.
func (a *Assembler) Next(l *Limits, src []byte) (m Message, n int, err error) {
	for {
		k, more := 0, false
		switch a.state {
		case inHeader:
			k, more = a.header(l, src[n:])
		case inPayload:
			m, k, more = a.payload(src[n:])
		case closed:
			return Message{}, len(src), nil
		case failed:
			return Message{}, n, Error{a.fault}
		}
		if n += k; !more {
			return m, n, nil
		}
	}
}

// fail ends it all. It returns true, for Next to come round to the error.
func (a *Assembler) fail(kind Kind) bool {
	a.state, a.fault = failed, kind
	a.buf, a.size = nil, 0
	return true
}

// header takes a frame's header from src. more is false if it is not complete.
func (a *Assembler) header(l *Limits, src []byte) (n int, more bool) {
	head, held := src, len(a.buf)-a.size
	if held > 0 {
		a.buf = append(a.buf, src[:min(len(src), MaxHeader-held)]...)
		head = a.buf[a.size:]
	}
	h, length, kind := parseHeader(head, l.RSV1)
	if length > 0 {
		kind = a.begin(l, &h)
	}
	if kind != 0 {
		return 0, a.fail(kind)
	}
	if length == 0 {
		if held == 0 {
			a.buf = append(a.buf, src...)
		}
		return len(src), false
	}
	a.buf = a.buf[:a.size]
	return length - held, true
}

// begin makes h the present frame.
func (a *Assembler) begin(l *Limits, h *Header) Kind {
	if !h.Opcode.Control() {
		if kind := a.join(l, h); kind != 0 {
			return kind
		}
	}
	a.frame, a.fin, a.left = h.Opcode, h.Fin, int(h.Length)
	a.mask, a.turn = h.Mask, 0
	a.state = inPayload
	return 0
}

// join adds a frame to the message, or begins one with it.
func (a *Assembler) join(l *Limits, h *Header) Kind {
	begins := h.Opcode != OpContinuation
	switch {
	case begins != (a.message == OpContinuation):
		return KindFragment
	case h.Opcode == OpBinary && !l.Binary:
		return KindBinary
	case int(a.fragments) >= l.MaxFragments:
		return KindTooManyFragments
	case h.Length > int64(l.MaxMessage-a.size):
		return KindTooLong
	}
	if begins {
		a.message, a.compressed = h.Opcode, h.RSV1
	}
	a.fragments++
	return 0
}

// payload takes what src has of the present frame. more is false if it completes a message or is not
// the whole frame.
func (a *Assembler) payload(src []byte) (m Message, n int, more bool) {
	n = min(len(src), a.left)
	p := src[:n:n]
	whole := n == a.left && len(a.buf) == a.size // in src, all of it
	if !whole || !a.frame.Control() && !(a.fin && a.size == 0) {
		a.buf = append(a.buf, p...)
		p = a.buf[len(a.buf)-n:]
		whole = false
	}
	Unmask(p, a.mask, int(a.turn))
	a.turn = (a.turn + uint8(n)) % maskLength
	a.left -= n
	if !a.checkText(p) {
		return m, n, a.fail(KindUTF8)
	}
	if a.left > 0 {
		return m, n, false
	}
	a.state = inHeader
	m, more = a.endFrame(p, whole)
	return m, n, more
}

// checkText takes the next piece of a frame, and tells whether it may be in a message of its kind.
func (a *Assembler) checkText(p []byte) bool {
	if a.frame.Control() || a.message != OpText || a.compressed {
		return true
	}
	return a.text.Write(p) && (a.left > 0 || !a.fin || a.text.Complete())
}

// endFrame gives the message that the present frame completes, if it does: it is p if that is whole,
// and in buf otherwise.
func (a *Assembler) endFrame(p []byte, whole bool) (m Message, more bool) {
	switch {
	case a.frame.Control():
		if !whole {
			p = a.buf[a.size:]
		}
		a.buf = a.buf[:a.size]
		if a.size == 0 {
			a.buf = nil
		}
		return a.control(p)
	case !a.fin:
		a.size = len(a.buf)
		return m, true
	}
	if !whole {
		p = a.buf
	}
	m = Message{Opcode: a.message, Compressed: a.compressed, Payload: p}
	*a = Assembler{}
	return m, false
}

// control gives the control frame with the payload p.
func (a *Assembler) control(p []byte) (m Message, more bool) {
	m = Message{Opcode: a.frame, Payload: p}
	if a.frame != OpClose {
		return m, false
	}
	code, reason, kind := parseClose(p)
	if kind != 0 {
		return Message{}, a.fail(kind)
	}
	*a = Assembler{state: closed}
	m.Code, m.Payload = code, reason
	return m, false
}
