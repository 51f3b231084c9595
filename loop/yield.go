package loop

import "halley/bayeux"

// yield has a batch go on that made way for others, in a later turn of this loop. It is
// not begun again if its connection has gone, which its own loop knows.
func (r *reactor) yield(e *bayeux.Effect) {
	ticket, to := e.Ticket, e.To
	if to.Loop == r.id {
		r.post(r.id, goOn(ticket, to), nil)
		return
	}
	home := r.id
	r.post(to.Loop, entry{kind: entryCall, call: func(r *reactor) {
		if r.hasLeft(to) {
			r.post(home, entry{kind: entryCall, call: func(r *reactor) { r.giveUp(ticket, to) }}, nil)
			return
		}
		r.post(home, goOn(ticket, to), nil)
	}}, nil)
}

// goOn is the entry with which a batch goes on.
func goOn(ticket bayeux.Ticket, to bayeux.ReplyTo) entry {
	return entry{kind: entryResume, request: bayeux.Request{To: to}, call: func(r *reactor) {
		if to.Loop == r.id && r.hasLeft(to) {
			r.giveUp(ticket, to)
			return
		}
		r.core.GoOn(r.now(), ticket, &r.fx)
		r.perform()
	}}
}

// hasLeft tells whether the client of a request to this loop has gone. That one has
// which is not read from is known to nobody but the kernel.
func (r *reactor) hasLeft(to bayeux.ReplyTo) bool {
	c := r.conns.find(to)
	if c != nil && c.phase == upgraded && c.stream.paused && hungUp(c.socket.Fd()) {
		r.abort(c)
		return true
	}
	return c == nil
}

// giveUp lets go of a batch whose connection has gone. One of a websocket that took its
// leave with a close frame is handled all the same.
func (r *reactor) giveUp(ticket bayeux.Ticket, to bayeux.ReplyTo) {
	if l, waits := r.lined[to]; waits && l.abroad.ended.Load() {
		r.core.GoOn(r.now(), ticket, &r.fx)
	} else {
		r.counters.abandoned++
		r.core.GiveUp(r.now(), ticket, &r.fx)
	}
	r.perform()
}
