package loop

import (
	"halley/bayeux"
	"halley/httpparse"
	"halley/httpparse/websocket"
)

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
	r.openSocket(c, s, q)
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
		r.pong(c, m.Payload)
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
	r.toOwner(bayeux.Request{To: r.replyTo(c), Type: bayeux.WebSocket, Peer: peer, Caller: c.stream.caller}, text)
}
