// Proved by bayeux/testdata/stream-events.txt and TestLateGroupsAreSmall.

package bayeux

import "slices"

// Flush brings pending events to at most max sessions, on their stream or as the
// answer to their held connect, and tells whether more are left.
func (s *Server) Flush(now int64, max int, fx *Effects) (more bool) {
	n := 0
	for ; n < max && s.doomed.len() > 0 && (n == 0 || !s.Tired()); n++ { // the end of one may be that of another
		s.endDoomed(now, s.doomed.pop(), fx)
	}
	if s.doomed.len() > 0 {
		return true // they have lost events, so they get none that are newer
	}
	s.read(max, fx)
	for ; n < max && s.dirty.len() > 0 && (n == 0 || !s.Tired()); n++ {
		s.flush(now, s.dirty.pop(), fx)
	}
	return s.Dirty()
}

// endDoomed ends the session at a.
func (s *Server) endDoomed(now int64, a Address, fx *Effects) {
	defer s.containEnd(a, fx)
	if r := s.sessions.find(a); r != nil {
		v := s.at(a.Slot, r)
		v.ends(GivenUp, v.by())
		v.end(now, fx)
	}
}

// flush brings the session at a its pending events.
func (s *Server) flush(now int64, a Address, fx *Effects) {
	defer s.contain(a)
	slot, r := a.Slot, s.sessions.find(a)
	if r == nil {
		return
	}
	r.tables.set(inDirty, false)
	events, losses := r.flushable(), s.queues.HasLosses(&r.queue)
	switch v := s.at(slot, r); {
	case !events && !losses:
	case r.outlet.usesStream():
		if r.outlet.state == socketHeld && losses {
			v.answerHeld(now, advisedReply(r), fx)
		}
		if events || losses && r.outlet.streamType != WebSocket { // a websocket tells with the next connect
			v.deliver(fx)
		}
	case r.outlet.holds():
		v.answerHeld(now, advisedReply(r), fx)
	}
}

// read asks for the next part of at most max replays.
func (s *Server) read(max int, fx *Effects) {
	for range min(max, s.reading.len()) {
		a := s.reading.pop()
		r := s.sessions.find(a)
		if r == nil || !r.tables.has(inReplays) {
			continue
		}
		if p := s.replays.of[a.Slot]; p.ticket == 0 {
			s.Spend(len(p.rest))
			p.ticket = s.batches.ticket()
			fx.add(Effect{Kind: Recall, Session: a, Ticket: p.ticket, Wanted: slices.Clone(p.rest)}, fx.begin())
		}
	}
}
