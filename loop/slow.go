package loop

import "halley/bayeux"

// checkSlow looks after connections whose output did not leave at once. One that
// has read nothing for too long is closed; its events go back to their session.
func (o *output) checkSlow() {
	for slot, u := range o.slow {
		c := o.conns.At(slot)
		waiting := c.socket.Unsent()
		o.tellLeft(u, waiting)
		switch {
		case waiting == 0:
			o.drained(c)
		case o.now()-u.since > o.shared.live().SlowTimeout.Milliseconds():
			o.counters.SlowClosed++
			o.refused(tooSlow, o.peer(c))
			o.abort(c)
		}
	}
}

// lookAgain looks after the connection at slot, since the kernel takes output of it
// again: gnet has written what it could meanwhile.
func (o *output) lookAgain(slot uint32) {
	u := o.slow[slot]
	if u == nil {
		return
	}
	c := o.conns.At(slot)
	waiting := c.socket.Unsent()
	if o.tellLeft(u, waiting); waiting == 0 {
		o.drained(c)
		return
	}
	o.watch(c)
}

// drained goes on with a connection whose output has left.
func (o *output) drained(c *conn) {
	delete(o.slow, c.slot)
	if c.phase == closing {
		o.shut(c)
		return
	}
	o.goOnWith(c)
}

// abandon closes the connection of a reply that its client no longer waits for,
// so that the events in it go back to their session: unless they have left since
// the last tick, when the client may well have come back because it has them.
func (o *output) abandon(to bayeux.ReplyTo) {
	u := o.slow[to.Conn]
	if u == nil {
		return
	}
	c := o.conns.At(to.Conn)
	o.tellLeft(u, c.socket.Unsent())
	for p := range u.Each {
		if p.to == to {
			o.abort(c)
			return
		}
	}
}

// waits is how many bytes of all connections' output wait.
func (o *output) waits() (n int) {
	for slot := range o.slow {
		n += o.conns.At(slot).socket.Unsent()
	}
	return n
}

// stuck describes at most so many connections whose output waits.
func (o *output) stuck(most int) (list []stuckConn) {
	for slot, u := range o.slow {
		if len(list) == most {
			break
		}
		c := o.conns.At(slot)
		if c.socket == nil {
			continue
		}
		s := stuckConn{session: c.mainSession()}
		s.Address, s.Bytes, s.StuckMs = nameOf(o.peer(c)), c.socket.Unsent(), o.now()-u.since
		if i, waits := c.waitingType(); waits {
			s.Type = waitingTypes[i]
		}
		list = append(list, s)
	}
	return list
}
