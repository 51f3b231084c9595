package loop

// Proved by TestSocketOfManySessions, TestSocketHeartbeat, TestIdleSocket and TestClosedWithEventsUnsent.

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

// openSocket makes a connection a websocket, by the answer to its upgrade.
func (o *output) openSocket(c *conn, s *stream, q *httpparse.Request) {
	c.names, c.phase, c.stream = c.names.with(0), upgraded, s
	o.counters.Waiting.begins(c)
	o.beatLater(c)
	o.buf = appendUpgraded(o.buf[:0], q, s.deflate)
	o.log.answers(c, 101, len(o.buf))
	o.write(c, o.buf, reply{})
}

// appendUpgraded appends the answer to an upgrade. Browsers fail if a subprotocol is offered and none echoed, and Bayeux
// has none, so the first will do.
func appendUpgraded(dst []byte, q *httpparse.Request, deflate bool) []byte {
	var protocol []byte
	if len(q.SecWebSocketProtocol) > 0 {
		protocol = websocket.Protocol(q.SecWebSocketProtocol, func([]byte) bool { return true })
	}
	dst = websocket.AppendResponse(dst, q.SecWebSocketKey, protocol)
	if deflate {
		dst = append(dst, websocket.DeflateField...)
	}
	return httpparse.AppendEnd(dst)
}

// pong answers a ping (RFC 6455, 5.5.3).
func (o *output) pong(c *conn, payload []byte) {
	o.buf = websocket.AppendFrame(o.buf[:0], websocket.OpPong, payload)
	o.write(c, o.buf, reply{})
}

// joinSocket notes that a session's events go to this websocket.
func (o *output) joinSocket(c *conn, session bayeux.Address) {
	s := c.stream
	if slices.Contains(s.sessions, session) {
		return
	}
	if len(s.sessions) == maxSocketSessions {
		o.gone(session, o.replyTo(c))
		o.closeSocket(c, websocket.CodePolicy, "too many sessions")
		return
	}
	s.sessions = append(s.sessions, session)
}

// timeUp closes a websocket that takes too long over a message, or that no
// session uses.
func (o *output) timeUp(c *conn) bool {
	s, cfg := c.stream, o.shared.live()
	silent := o.now() - s.since
	switch {
	case s.paused:
	case s.message != nil && silent > cfg.BodyTimeout.Milliseconds():
		o.closeSocket(c, websocket.CodePolicy, "the message took too long")
		return true
	case len(s.sessions) == 0 && silent > cfg.IdleTimeout.Milliseconds():
		o.closeSocket(c, websocket.CodeNormal, "idle")
		return true
	}
	return false
}

// leaveSocket tells the sessions of a websocket that it is gone.
func (o *output) leaveSocket(c *conn) {
	to := o.replyTo(c)
	for _, session := range c.stream.sessions {
		o.gone(session, to)
	}
	c.stream.sessions = nil
}

// closeSocket sends a close frame, the last one (RFC 6455, 5.5.1 MUST NOT after-close-frame), and ends the
// connection (RFC 6455, 7.1.1 SHOULD server-closes-first).
func (o *output) closeSocket(c *conn, code websocket.Code, reason string) {
	o.leaveSocket(c)
	o.errands.done(c)
	c.set(persistent, false)
	o.buf = websocket.AppendClose(o.buf[:0], code, reason)
	if o.send(c, o.buf) {
		c.serial++
		o.counters.Waiting.ends(c)
		c.stream = nil
		o.shut(c)
	}
}

// cutSocket closes a websocket that sends too much. What it has abroad is not begun.
func (o *output) cutSocket(c *conn, reason string) {
	o.counters.Floods++
	o.refused(tooFarAhead, o.peer(c))
	o.alive.clear(c.slot)
	o.closeSocket(c, websocket.CodePolicy, reason)
}

// packed are the frames as they go to a websocket: those that are long enough are compressed, if its client has agreed.
func (o *output) packed(c *conn, frames []byte) []byte {
	above := o.shared.cfg.WSCompressAbove
	if !c.stream.deflate || len(frames) <= above {
		return frames
	}
	o.piece = o.packer.appendPacked(o.piece[:0], frames, above)
	return o.piece
}

// closeSockets closes at most max websockets, from a slot on, since the server goes away. It tells how many, and where to go
// on.
func (o *output) closeSockets(from uint32, max int) (closed int, next uint32) {
	next = from
	o.conns.From(from, func(slot uint32, c *conn) bool {
		if next = slot; closed >= max {
			return false
		}
		if c.phase == upgraded {
			closed++
			o.closeSocket(c, websocket.CodeGoingAway, "the server goes away")
		}
		return true
	})
	return closed, next
}
