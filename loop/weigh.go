package loop

import "halley/httpparse/websocket"

// weigh notes how much of a connection's input waits. Memory is looked at when much has
// come on all of them together, and while it is full none may have more than little.
func (in *input) weigh(c *conn) {
	more := in.waiting.set(c.slot, c.socket.Held()+in.unfinished(c))
	if more <= 0 {
		return
	}
	m := in.shared.memory
	if m.takes(more, in.now()); m.full.Load() {
		in.shedInput(c)
	}
}

// unfinished is how many bytes have been taken out of gnet's buffer of a body or message
// that has not come whole.
func (in *input) unfinished(c *conn) int {
	switch {
	case c.phase == body:
		if b := in.bodies[c.slot]; b != nil {
			return cap(b.data) + cap(b.head)
		}
	case c.phase == upgraded && c.stream.message != nil:
		return c.stream.message.Kept()
	}
	return 0
}

// shedInput closes a connection of whose input much waits: a request or message that has
// not come whole, or what has come ahead of its turn.
func (in *input) shedInput(c *conn) {
	switch {
	case in.waiting.of[c.slot] <= keepSlow:
	case c.phase == reading, c.phase == body:
		in.reject(c, 503, "no memory to spare")
	case c.phase == upgraded:
		in.counters.SlowClosed++
		in.refused(tooSlow, in.peer(c))
		in.output.closeSocket(c, websocket.CodeTryLater, "no memory to spare")
	default:
		in.counters.SlowClosed++
		in.refused(tooSlow, in.peer(c))
		in.abort(c)
	}
}

// closeStuck closes the connections whose output or waiting input takes much, of about
// most from a slot on: events go back to their session.
func (in *input) closeStuck(from uint32, most int) (next uint32, more bool) {
	done := 0
	in.conns.From(from, func(slot uint32, c *conn) bool {
		if next, more = slot, done >= most; more {
			return false
		}
		stuck := c.socket.Unsent() > keepSlow
		if done++; stuck || in.waiting.of[slot] > keepSlow {
			done += closeWork
		}
		if stuck {
			in.counters.SlowClosed++
			in.refused(tooSlow, in.peer(c))
			in.abort(c)
		} else {
			in.shedInput(c)
		}
		next++
		return true
	})
	in.work.Spend(done)
	return next, more
}

const (
	keepSlow  = 16 << 10 // bytes that are left to each session, and to a connection's input
	closeWork = 100      // what a connection counts that is closed, in sessions, connections and events looked at
)
