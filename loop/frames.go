package loop

// Proved by TestWebSocketInPieces, TestWebSocketFaults, TestCompressedInput and TestCompressedFaults.

import "halley/httpparse/websocket"

// pongWork is what answering a ping counts for: a system call.
const pongWork = 20

// maxFragments bounds the frames of one message.
const maxFragments = 1024

// readFrames handles the next message of a websocket and tells whether there may
// be more.
func (in *input) readFrames(c *conn) bool {
	s, gen := c.stream, c.gen
	if !s.flow.Allows(in.shared.ahead()) {
		in.pause(c)
		return false
	}
	if s.paused && !in.unpause(c) {
		return false
	}
	if c.socket.Buffered() == 0 {
		return false
	}
	buf := c.socket.Peek(-1)
	limits := websocket.Limits{MaxMessage: in.shared.cfg.MaxMessage, MaxFragments: maxFragments, RSV1: s.deflate}
	a := s.message
	if a == nil {
		in.assembler = websocket.Assembler{}
		a, s.since = &in.assembler, in.now()
	}
	m, n, err := a.Next(&limits, buf)
	in.work.Spend(1)
	s.keep(a)
	if n > 0 {
		if why := in.limitedFrame(c, n); why != "" {
			in.output.closeSocket(c, websocket.CodeTryLater, why)
			return false
		}
	}
	switch {
	case err != nil:
		fault := err.(websocket.Error).Kind
		in.counters.FrameErrors++
		in.refused(malformed, in.peer(c))
		in.output.closeSocket(c, fault.Code(), fault.String())
	case m.Opcode == websocket.OpClose: // (RFC 6455, 5.5.1 MUST close-answer)
		if s.flow != nil {
			s.flow.End()
		}
		in.output.closeSocket(c, m.Code, "")
	case m.Opcode == websocket.OpPing: // (RFC 6455, 5.5.2 MUST pong; RFC 6455, 5.5.3 MUST pong-data)
		in.work.Spend(pongWork)
		in.output.pong(c, m.Payload)
	case m.Opcode == websocket.OpText:
		in.counters.BytesIn += uint64(len(m.Payload))
		if text, ok := in.inflated(c, &m); ok {
			in.handler.submitFrame(c, text)
		}
	}
	if !c.is(gen) {
		return false
	}
	c.socket.Discard(n)
	return n > 0
}

// keep keeps what a knows of a message that has not come whole.
func (s *stream) keep(a *websocket.Assembler) {
	switch {
	case !a.Partial():
		s.message = nil
	case s.message == nil:
		kept := *a
		s.message = &kept
	}
}

// inflatedUnit is how many bytes are inflated and scanned in the time of a unit of work:
// a short frame may hold a long message.
const inflatedUnit = 64

// inflated gives the text of a message that may be compressed; ok is false if the
// websocket was closed over it.
func (in *input) inflated(c *conn, m *websocket.Message) (text []byte, ok bool) {
	if !m.Compressed {
		return m.Payload, true
	}
	limit := in.shared.cfg.MaxMessage
	text, err := in.inflater.inflate(m.Payload, limit)
	in.work.Spend(len(text) / inflatedUnit)
	switch {
	case err != nil:
		in.counters.FrameErrors++
		in.refused(malformed, in.peer(c))
		in.output.closeSocket(c, websocket.CodeInvalidData, "compressed data")
	case len(text) > limit:
		in.counters.FrameErrors++
		in.refused(malformed, in.peer(c))
		in.output.closeSocket(c, websocket.CodeTooBig, websocket.KindTooLong.String())
	default:
		return text, true
	}
	return nil, false
}
