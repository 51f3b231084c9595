package loop

// Proved by TestKeepAlive, TestClosedReplyStaysIncomplete, TestOutputShutsWhenAllHasLeft and TestResetStreamIsCounted.

import "halley/bayeux"

// finish makes a connection ready for its next request, or closes it.
func (o *output) finish(c *conn) {
	c.serial++
	c.callback, c.origin, c.bytes = nil, 0, 0
	c.set(headOnly, false)
	if !c.has(persistent) {
		o.shut(c)
		return
	}
	c.phase = reading
	o.after(c, o.server.cfg.IdleTimeout.Milliseconds())
	if c != o.serving && c.socket.Buffered() > 0 {
		o.resume(c)
	}
}

// lingerTime is how long a connection's input is read on after its last response
// (RFC 9112, 9.6 SHOULD lingering), in milliseconds: closing with input unread would reset the connection and take
// the response back.
const lingerTime = 2000

// shut closes a connection for good once its output has left.
func (o *output) shut(c *conn) {
	if c.socket.Unsent() > 0 {
		c.phase = closing
		o.after(c, o.server.cfg.BodyTimeout.Milliseconds())
		return
	}
	c.phase = lingering
	c.socket.Shut()
	o.after(c, lingerTime)
}

// hold marks the connection whose connect is held, or tells the session that it
// is gone already.
func (o *output) hold(to bayeux.ReplyTo, session bayeux.Address) {
	c := o.conns.find(to)
	if c == nil {
		o.gone(session, to)
		return
	}
	if c.phase == upgraded {
		return
	}
	c.phase, c.held = holding, session
	o.wheel.Cancel(c.slot)
}

// overrun ends a request of which more came than may wait, and a websocket that sent
// too much ahead of a reply.
func (o *output) overrun(to bayeux.ReplyTo) {
	switch c := o.conns.find(to); {
	case c == nil:
	case c.phase == upgraded:
		o.cutSocket(c, "too much ahead of a reply")
	default:
		c.set(persistent, false)
		o.respond(c, response{status: 413})
	}
}

// closed lets go of a connection that has closed. Events that it did not get go back to
// their session; what waits on it learns that it is gone.
func (o *output) closed(c *conn) {
	back := false
	if u := o.slow[c.slot]; u != nil {
		delete(o.slow, c.slot)
		o.settle(u, c.socket.Unsent())
		if back = u.Len() > 0; back {
			// gnet would still send what it can of the rest, and the events go out
			// again elsewhere.
			c.socket.Conn().Cut()
		}
		for p := range u.Each {
			o.bounced(p.reply)
		}
	}
	if c.has(delivered) && (c.stream != nil || c.phase == reading && !back) && c.socket.Conn().Unacknowledged() > 0 {
		o.counters.LostInFlight++
	}
	switch c.phase {
	case holding, streaming:
		o.gone(c.held, o.replyTo(c))
	case upgraded:
		o.leaveSocket(c)
	}
}
