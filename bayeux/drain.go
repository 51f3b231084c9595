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
// in the next window milliseconds.
func (s *Server) Drain(now, window int64, max int, fx *Effects) (gone int) {
	s.drain = window
	s.sessions.Each(func(slot uint32, r *session) bool {
		if r.waits() && gone < max {
			gone++
			s.letGo(now, slot, r, fx)
		}
		return gone < max
	})
	return gone
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
