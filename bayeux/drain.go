// Proved by bayeux/testdata/drain.txt, TestDrainBringsAll and TestDrainEndsStreamsLast.

package bayeux

// Waiting is how many clients have a held poll, or a stream that is no websocket: what
// Drain lets go.
func (s *Server) Waiting() (n int) {
	s.sessions.Each(func(_ uint32, r *session) bool {
		if r.outlet.waits() {
			n++
		}
		return true
	})
	return n
}

// Drain lets at most max clients go and returns how many: it answers their held polls
// and ends their streams, once all events have gone there, for them to come back at once. Polls are held no more. Who
// sends one meanwhile, and has found no other server yet, is told to come back some time
// in the next window milliseconds. It goes on where it stopped, and has gone round once
// if it returns less than max.
func (s *Server) Drain(now, window int64, max int, fx *Effects) (gone int) {
	s.drain = window
	begin := s.drainFrom
	if s.drainOn(now, noSlot, max, &gone, fx) && begin > 0 {
		s.drainFrom = 0
		s.drainOn(now, begin, max, &gone, fx)
	}
	return gone
}

// drainOn lets clients go up to the slot end, and tells whether it came so far.
func (s *Server) drainOn(now int64, end uint32, max int, gone *int, fx *Effects) (all bool) {
	all = true
	s.sessions.From(s.drainFrom, func(slot uint32, r *session) bool {
		if all = *gone < max; !all || slot >= end {
			s.drainFrom = slot
			return false
		}
		switch {
		case !r.outlet.waits():
		case r.outlet.usesStream() && r.queue.Pending() > 0: // they go first
			r.eager = true
			s.at(slot, r).mark()
		default:
			*gone++
			s.letGo(now, slot, r, fx)
		}
		return true
	})
	return all
}

// letGo ends what a session's client waits for, so that the client comes back.
func (s *Server) letGo(now int64, slot uint32, r *session, fx *Effects) {
	defer s.contain(s.sessions.address(slot))
	if r.outlet.streams() && r.outlet.streamType != WebSocket {
		s.at(slot, r).detach(fx)
		s.await(now, slot, r)
	}
	if r.outlet.holds() && r.outlet.heldType != WebSocket {
		s.resume(now, slot, r, advisedReply(r), fx)
	}
}
