package loop

import (
	"slices"

	"halley/bayeux"
	"halley/httpparse"
	"halley/httpparse/websocket"
)

// maxSocketSessions bounds the sessions of one websocket.
const maxSocketSessions = 64

// pingFrame is an empty ping (RFC 6455, 5.5.2).
var pingFrame = websocket.AppendFrame(nil, websocket.OpPing, nil)

// pongWork is what answering a ping counts for: a system call.
const pongWork = 20

// maxFragments bounds the frames of one message.
const maxFragments = 1024

// upgrade makes a connection a websocket.
func (r *reactor) upgrade(c *conn, q *httpparse.Request) {
	caller, ok := r.server.callerOf(c, q)
	if !ok {
		r.refuseCaller(c)
		return
	}
	s := &stream{kind: bayeux.WebSocket, since: r.now(), source: r.source(c, q), caller: caller}
	s.deflate = r.server.cfg.WSCompressAbove > 0 && websocket.AcceptsDeflate(q.SecWebSocketExtensions)
	r.out = websocket.AppendResponse(r.out[:0], q.SecWebSocketKey, r.protocol(q))
	if s.deflate {
		r.out = append(r.out, websocket.DeflateField...)
	}
	r.out = httpparse.AppendEnd(r.out)
	c.origin, c.phase, c.stream = 0, upgraded, s
	r.beatLater(c)
	if r.send(c) {
		r.settle(c, reply{})
	}
}

// protocol is the subprotocol to agree on: browsers fail if one is offered and
// none echoed, and Bayeux has none, so the first will do.
func (r *reactor) protocol(q *httpparse.Request) []byte {
	if len(q.SecWebSocketProtocol) == 0 {
		return nil
	}
	return websocket.Protocol(q.SecWebSocketProtocol, func([]byte) bool { return true })
}

// joinSocket notes that a session's events go to this websocket.
func (r *reactor) joinSocket(c *conn, session bayeux.Address) {
	s := c.stream
	if slices.Contains(s.sessions, session) {
		return
	}
	if len(s.sessions) == maxSocketSessions {
		r.gone(session, c.replyTo(r.place()))
		r.closeSocket(c, websocket.CodePolicy, "too many sessions")
		return
	}
	s.sessions = append(s.sessions, session)
}

// leave notes that a session's events go elsewhere.
func (s *stream) leave(session bayeux.Address) {
	if i := slices.Index(s.sessions, session); i >= 0 {
		s.sessions = slices.Delete(s.sessions, i, i+1)
	}
}

// timeUp closes a websocket that takes too long over a message, or that no
// session uses.
func (r *reactor) timeUp(c *conn) bool {
	s, cfg := c.stream, &r.server.cfg
	silent := r.now() - s.since
	switch {
	case s.paused:
	case s.message != nil && silent > cfg.BodyTimeout.Milliseconds():
		r.closeSocket(c, websocket.CodePolicy, "the message took too long")
		return true
	case len(s.sessions) == 0 && silent > cfg.IdleTimeout.Milliseconds():
		r.closeSocket(c, websocket.CodeNormal, "idle")
		return true
	}
	return false
}

// leaveSocket tells the sessions of a websocket that it is gone.
func (r *reactor) leaveSocket(c *conn) {
	to := c.replyTo(r.place())
	for _, session := range c.stream.sessions {
		r.gone(session, to)
	}
	c.stream.sessions = nil
}

// closeSocket sends a close frame, the last one (RFC 6455, 5.5.1 MUST NOT after-close-frame), and ends the
// connection (RFC 6455, 7.1.1 SHOULD server-closes-first).
func (r *reactor) closeSocket(c *conn, code websocket.Code, reason string) {
	r.leaveSocket(c)
	c.set(persistent, false)
	r.out = websocket.AppendClose(r.out[:0], code, reason)
	if r.send(c) {
		c.serial++
		c.stream = nil
		r.shut(c)
	}
}

// closeSockets closes at most max websockets, since the server goes away, and returns
// how many. It goes on where it stopped, up to the last one.
func (r *reactor) closeSockets(max int) (closed int) {
	r.conns.From(r.toLetGo.socket, func(slot uint32, c *conn) bool {
		if r.toLetGo.socket = slot; closed >= max {
			return false
		}
		if c.phase == upgraded {
			closed++
			r.closeSocket(c, websocket.CodeGoingAway, "the server goes away")
		}
		return true
	})
	return closed
}

// upgraded is how many websockets there are.
func (r *reactor) upgraded() (n int) {
	r.conns.Each(func(_ uint32, c *conn) bool {
		if c.phase == upgraded {
			n++
		}
		return true
	})
	return n
}

// readFrames handles the next message of a websocket and tells whether there may
// be more.
func (r *reactor) readFrames(c *conn) bool {
	s, gen := c.stream, c.gen
	if !s.flow.Allows(r.server.ahead()) {
		r.pause(c)
		return false
	}
	if s.paused && !r.unpause(c) {
		return false
	}
	if c.socket.Buffered() == 0 {
		return false
	}
	buf := c.socket.Peek(-1)
	limits := websocket.Limits{MaxMessage: r.server.cfg.MaxMessage, MaxFragments: maxFragments, RSV1: s.deflate}
	a := s.message
	if a == nil {
		r.assembler = websocket.Assembler{}
		a, s.since = &r.assembler, r.now()
	}
	m, n, err := a.Next(&limits, buf)
	r.core.Spend(1)
	s.keep(a)
	switch {
	case err != nil:
		fault := err.(websocket.Error).Kind
		r.counters.FrameErrors++
		r.closeSocket(c, fault.Code(), fault.String())
	case m.Opcode == websocket.OpClose: // (RFC 6455, 5.5.1 MUST close-answer)
		if s.flow != nil {
			s.flow.End()
		}
		r.closeSocket(c, m.Code, "")
	case m.Opcode == websocket.OpPing: // (RFC 6455, 5.5.2 MUST pong; RFC 6455, 5.5.3 MUST pong-data)
		r.core.Spend(pongWork)
		r.out = websocket.AppendFrame(r.out[:0], websocket.OpPong, m.Payload)
		if r.send(c) {
			r.settle(c, reply{})
		}
	case m.Opcode == websocket.OpText:
		r.counters.BytesIn += uint64(len(m.Payload))
		if text, ok := r.inflated(c, &m); ok {
			r.submitFrame(c, text)
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

// submitFrame scans the batch of a message and hands it to the loop of its
// session.
func (r *reactor) submitFrame(c *conn, text []byte) {
	if err := r.scanner.Scan(text, &r.batch); err != nil {
		r.counters.ScanErrors++
		r.closeSocket(c, websocket.CodeInvalidData, err.Error())
		return
	}
	if r.tooManyHandshakes(c) {
		r.counters.HTTPErrors++
		r.closeSocket(c, websocket.CodeTryLater, "too many handshakes")
		return
	}
	r.counters.Requests++
	peer := uint64(0)
	if bayeux.HasHandshake(&r.batch) {
		peer = c.stream.source
	}
	r.toOwner(bayeux.Request{To: c.replyTo(r.place()), Type: bayeux.WebSocket, Peer: peer, Caller: c.stream.caller}, text)
}

// appendFrames appends the messages of a Deliver: all in one frame, or as many
// in each as are configured.
func (r *reactor) appendFrames(dst []byte, e *bayeux.Effect) []byte {
	limit := r.server.cfg.WSMessagesPerFrame
	if limit == 0 {
		return appendArrayFrame(dst, r.fx.Messages(e))
	}
	n := 0
	r.text = r.text[:0]
	r.fx.Each(e, func(message []byte) {
		if n > 0 {
			r.text = append(r.text, ',')
		}
		r.text = append(r.text, message...)
		if n++; n == limit {
			dst = appendArrayFrame(dst, r.text)
			n, r.text = 0, r.text[:0]
		}
	})
	if n > 0 {
		dst = appendArrayFrame(dst, r.text)
	}
	return dst
}

// appendArrayFrame appends a text frame with the array of messages.
func appendArrayFrame(dst, messages []byte) []byte {
	dst = websocket.AppendHeader(dst, websocket.Header{Fin: true, Opcode: websocket.OpText, Length: int64(len(messages) + len("[]"))})
	dst = append(append(dst, '['), messages...)
	return append(dst, ']')
}
