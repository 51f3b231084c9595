// Proved by bayeux/testdata/stream-events.txt and TestLateGroupsAreSmall.

package bayeux

// Flush brings pending events to at most max sessions, on their stream or as the
// answer to their held connect, and tells whether more are left.
func (s *Server) Flush(now int64, max int, fx *Effects) (more bool) {
	n := 0
	for ; n < max && s.doomed.len() > 0 && (n == 0 || !s.Tired()); n++ { // the end of one may be that of another
		if a := s.doomed.pop(); s.sessions.find(a) != nil {
			s.end(now, a.Slot, fx)
		}
	}
	if s.doomed.len() > 0 {
		return true // they have lost events, so they get none that are newer
	}
	s.read(max, fx)
	for ; n < max && s.dirty.len() > 0 && (n == 0 || !s.Tired()); n++ {
		a := s.dirty.pop()
		if r := s.sessions.find(a); r != nil {
			r.tables.set(inDirty, false)
			s.flush(now, a.Slot, r, fx)
		}
	}
	return s.Dirty()
}

// flush brings a session its pending events.
func (s *Server) flush(now int64, slot uint32, r *session, fx *Effects) {
	switch {
	case !r.flushable():
	case r.outlet.usesStream():
		if r.outlet.state == socketHeld && s.queues.HasLosses(&r.queue) {
			s.resume(now, slot, r, advisedReply(r), fx)
		}
		s.at(slot, r).deliver(fx)
	case r.outlet.holds():
		s.resume(now, slot, r, advisedReply(r), fx)
	}
}
