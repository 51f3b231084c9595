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
		if r.conns.find(to) == nil {
			r.post(home, entry{kind: entryCall, call: func(r *reactor) { r.core.GiveUp(ticket) }}, nil)
			return
		}
		r.post(home, goOn(ticket, to), nil)
	}}, nil)
}

// goOn is the entry with which a batch goes on.
func goOn(ticket bayeux.Ticket, to bayeux.ReplyTo) entry {
	return entry{kind: entryResume, request: bayeux.Request{To: to}, call: func(r *reactor) {
		if to.Loop == r.id && r.conns.find(to) == nil {
			r.core.GiveUp(ticket)
			return
		}
		r.core.GoOn(r.now(), ticket, &r.fx)
		r.perform()
	}}
}
