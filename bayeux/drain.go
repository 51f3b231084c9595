package bayeux

// Waiting is how many clients have a held poll, or a stream that is no websocket: what
// Drain lets go.
func (s *Server) Waiting() (n int) {
	s.sessions.Each(func(_ uint32, r *session) bool {
		if r.waits() {
			n++
		}
		return true
	})
	return n
}

// waits tells whether a drain has to let the session's client go. One on a websocket
// goes with that.
func (r *session) waits() bool {
	return r.isHeld && r.heldType != WebSocket || r.hasStream && r.streamType != WebSocket
}

// Drain lets at most max clients go and returns how many: it answers their held polls
// and ends their streams, for them to come back at once. Polls are held no more. Who
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
		if r.waits() {
			*gone++
			s.letGo(now, slot, r, fx)
		}
		return true
	})
	return all
}

func (s *Server) letGo(now int64, slot uint32, r *session, fx *Effects) {
	if r.hasStream && r.streamType != WebSocket {
		s.detach(slot, r, fx)
		s.await(now, slot, r)
	}
	if r.isHeld && r.heldType != WebSocket {
		s.resume(now, slot, r, advisedReply(r), fx)
	}
}
