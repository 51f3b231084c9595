// Proved by bayeux/testdata/outlet-*.txt and TestNothingLostNorDoubled.

package bayeux

// left notes that the last numbered reply is on its way no more. Only now can its
// client come back.
func (s *Server) left(now int64, slot uint32, r *session, upto uint32) {
	if r.delivery.left(upto) && !(r.outlet.streams() && r.delivery.byStream) {
		s.await(now, slot, r)
	}
}

// written reports that the reply with events up to number upto was written.
func (s *Server) written(now int64, a Address, upto uint32) {
	r := s.sessions.find(a)
	if r == nil {
		return
	}
	s.left(now, a.Slot, r, upto)
	if done := s.queues.Written(&r.queue, upto, r.carriedByStream()); done > 0 {
		s.stats.Delivered += uint64(done)
		r.delivery.group.fit(r.queue.Pending() > 0)
		s.at(a.Slot, r).readOn()
		s.at(a.Slot, r).mark()
	}
}

// bounced reports that the reply with events up to number upto was not written:
// they go back to the front of the queue, and what it told of losses is told again.
func (s *Server) bounced(now int64, a Address, upto uint32) {
	r := s.sessions.find(a)
	if r == nil {
		return
	}
	s.left(now, a.Slot, r, upto)
	if back := s.queues.Bounced(&r.queue, upto); back > 0 {
		s.stats.Bounced += uint64(back)
		r.delivery.bounced()
		r.eager = true
		s.at(a.Slot, r).readOn()
		s.at(a.Slot, r).mark()
	}
}

// gone reports that the connection of a held connect or a stream closed. The
// session waits for its client to come back, unless it was made for that stream.
func (s *Server) gone(now int64, a Address, to ReplyTo) {
	r := s.sessions.find(a)
	if r == nil {
		return
	}
	poll, stream := r.outlet.goesWith(to)
	if poll {
		s.at(a.Slot, r).unhold()
		s.polls.giveUp(r)
	}
	if stream {
		r.outlet.close()
		if r.outlet.nameless() {
			s.at(a.Slot, r).doom()
		}
	}
	if poll || stream {
		s.await(now, a.Slot, r)
	}
}

// late reports that the group on a session's stream, which has just left, took so many
// milliseconds to do so. All that time what was in it could not be conflated, and a
// reply would have stood behind it: the next groups are smaller, until one leaves in
// time that others wait behind.
func (s *Server) late(a Address, took int64) {
	if r := s.sessions.find(a); r != nil {
		r.delivery.group.took(took)
	}
}
