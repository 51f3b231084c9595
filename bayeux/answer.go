// Proved by TestTranscripts and TestNothingLostNorDoubled.

package bayeux

// reply ends the exchange: the events that may ride along, then the replies.
func (x *exchange) reply() {
	s := x.s
	r := s.sessions.find(x.owner)
	if r != nil {
		s.at(x.slot, r).await(x.now)
	}
	if x.held {
		return
	}
	start := x.fx.begin()
	effect := Effect{Kind: Reply, To: x.req.To, Browser: x.browser}
	if r != nil {
		s.at(x.slot, r).mark()
	}
	if r != nil && x.mayCarryEvents(r) {
		effect.Session = s.sessions.address(x.slot)
		s.composer.pending(r, &effect, x.fx, start, s.cfg.ReplyBytes-len(x.replies), x.batch)
	}
	if r != nil && x.carriesEvents && x.req.Type != WebSocket {
		s.drain.owes(x.now, s.at(x.slot, r), &effect)
	}
	if r != nil && x.losses {
		s.composer.trackLosses(x.slot, r, &effect)
	}
	if r != nil {
		r.delivery.send(&effect)
	}
	if len(x.replies) > 0 {
		x.fx.comma(start)
		x.fx.arena = append(x.fx.arena, x.replies...)
	}
	x.fx.add(effect, start)
}

// mayHear tells whether whoever sends this has the right to the session that its first message names. Where an authority is
// asked about each use of a session it must have allowed one: a message that fails before says nothing of its sender.
func (x *exchange) mayHear() bool {
	a := x.s.cfg.Authority
	return a == nil || x.proved == x.owner || !Watches(a)
}

// mayCarryEvents tells whether pending events go with this reply: with a connect's.
// Some clients look for events nowhere else, or take the first message of another
// reply for that reply. On a websocket that no stream has been made of yet another's
// has them too, if no connect is held and none of the session's last events can still
// be on their way on another connection, which would put them out of order. What had
// to wait while its client sent another connect carries none: nobody may be there to
// read it.
func (x *exchange) mayCarryEvents(r *session) bool {
	if r.queue.Blocked() || r.outlet.usesStream() || x.connects != r.connects || !x.mayHear() {
		return false
	}
	if x.carriesEvents {
		return true
	}
	fits := len(x.replies) < x.s.cfg.ReplyBytes
	return fits && x.req.Type == WebSocket && !r.queue.Acknowledges() && !r.outlet.holds() && !r.delivery.unseen()
}
