package loop

// Proved by TestFramesForABusyLoopAreBounded, TestRestOfTheGoneIsDropped and TestTooFarAheadWithoutPause.

import "halley/bayeux"

// pause stops reading from a websocket that has to wait: it is too far ahead, or the
// turn has done enough. Where that cannot be had, it is closed when too much has come.
func (in *input) pause(c *conn) {
	c.stream.paused = true
	in.paused[c.slot] = true
	in.poller.SetReading(c.socket.Conn(), false)
	if c.socket.Buffered() > in.shared.ahead()+maxLeak {
		in.output.cutSocket(c, "too much ahead")
	}
}

// unpause reads from a websocket again, or closes it if its client has gone meanwhile:
// what waits in the kernel is not worked on then. The wait does not count as its client's
// silence.
func (in *input) unpause(c *conn) (goesOn bool) {
	if conn := c.socket.Conn(); conn.HungUp() && conn.Unread() > 0 {
		in.counters.Abandoned++
		in.abort(c)
		return false
	}
	c.stream.paused, c.stream.since = false, in.now()
	delete(in.paused, c.slot)
	in.poller.SetReading(c.socket.Conn(), true)
	return true
}

// mayHaveLost tells whether a client may have gone of which gnet has not told yet.
func (in *input) mayHaveLost() bool { return len(in.paused) > 0 || in.poller.Stirs() }

// rests leaves the rest of what came by a websocket for a later turn, if there is more
// and this turn has done enough.
func (in *input) rests(c *conn) bool {
	if c.phase != upgraded || !in.work.Tired() || c.socket.Buffered() == 0 {
		return false
	}
	in.goOnWith(c)
	in.pause(c)
	return true
}

// maxLeak is what may be read of a connection that is not to be read from: gnet goes
// on to read when it has written what waited.
const maxLeak = 4 * readBuffer

// goOnReading has a websocket's input worked on again, or closes it if its client has gone
// meanwhile: what waits in the kernel is not worked on then.
func (in *input) goOnReading(to bayeux.ReplyTo) {
	c := in.conns.find(to)
	if c == nil || c.phase != upgraded {
		return
	}
	if c.socket.Conn().HungUp() {
		in.counters.Abandoned++
		in.abort(c)
		return
	}
	in.goOnSoon = append(in.goOnSoon, to)
}
