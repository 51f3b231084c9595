package loop

import "halley/httpparse/websocket"

// waitingInput is how many bytes of input wait of a loop's connections. Of most none do.
type waitingInput struct {
	all int
	of  map[uint32]int // by slot, where any do
}

// set notes that n bytes of the connection at slot wait, and tells how many more these are than before.
func (w *waitingInput) set(slot uint32, n int) (more int) {
	before := w.of[slot]
	switch {
	case n > 0:
		w.of[slot] = n
	case before > 0:
		delete(w.of, slot)
	}
	w.all += n - before
	return n - before
}

// weigh notes how much of a connection's input waits. Memory is looked at when much has
// come on all of them together, and while it is full none may have more than little.
func (r *reactor) weigh(c *conn) {
	more := r.waiting.set(c.slot, c.socket.Buffered()+r.unfinished(c))
	if more <= 0 {
		return
	}
	m := r.server.memory
	if m.takes(more, r.now()); m.full.Load() {
		r.shedInput(c)
	}
}

// unfinished is how many bytes have been taken out of gnet's buffer of a body or message
// that has not come whole.
func (r *reactor) unfinished(c *conn) int {
	switch {
	case c.phase == body:
		if b := r.bodies[c.slot]; b != nil {
			return cap(b.data) + cap(b.head)
		}
	case c.phase == upgraded && c.stream.message != nil:
		return c.stream.message.Kept()
	}
	return 0
}

// shedInput closes a connection of whose input much waits: a request or message that has
// not come whole, or what has come ahead of its turn.
func (r *reactor) shedInput(c *conn) {
	switch {
	case r.waiting.of[c.slot] <= keepSlow:
	case c.phase == reading, c.phase == body:
		r.reject(c, 503, "no memory to spare")
	case c.phase == upgraded:
		r.counters.SlowClosed++
		r.closeSocket(c, websocket.CodeTryLater, "no memory to spare")
	default:
		r.counters.SlowClosed++
		r.abort(c)
	}
}
