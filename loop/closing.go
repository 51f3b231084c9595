package loop

// Proved by TestKeepAlive, TestClosedReplyStaysIncomplete, TestOutputShutsWhenAllHasLeft and TestResetStreamIsCounted.

import "halley/bayeux"

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
	o.counters.Waiting.ends(c)
	c.phase, c.held = holding, session
	o.counters.Waiting.begins(c)
	o.wheel.Cancel(c.slot)
	o.letGoAbroad(c)
}

// letGoAbroad has the node of a session end what a connection waits for, while this one lets its clients go.
func (o *output) letGoAbroad(c *conn) {
	if o.draining && c.waitsAbroad(o.shared.cfg.node) {
		o.reports.letGo(c.held, o.replyTo(c))
	}
}

// keepsOf tells whether a connection keeps events of sessions of a node that have not left. If the node is gone they come back to
// their sessions there, so they must not leave.
func (o *output) keepsOf(c *conn, node uint16) bool {
	u := o.slow[c.slot]
	if u == nil {
		return false
	}
	for p := range u.Each {
		if p.numbered && p.session.Node == node {
			return true
		}
	}
	return false
}

// letSomeGoAbroad does so for at most max connections, from a slot on. It tells for how many, and where to go on.
func (o *output) letSomeGoAbroad(from uint32, max int) (asked int, next uint32) {
	next = from
	o.conns.From(from, func(slot uint32, c *conn) bool {
		if next = slot; asked >= max {
			return false
		}
		if next++; c.waitsAbroad(o.shared.cfg.node) {
			asked++
			o.letGoAbroad(c)
		}
		return true
	})
	if asked < max {
		next = 0
	}
	return asked, next
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
		o.tellLeft(u, c.socket.Unsent())
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
	o.counters.Waiting.ends(c)
	o.errands.done(c)
	o.log.answers(c, 0, 0) // it has no answer
	o.tracing.answers(c, nil)
	switch c.phase {
	case holding, streaming:
		o.gone(c.held, o.replyTo(c))
	case upgraded:
		o.leaveSocket(c)
	}
}
