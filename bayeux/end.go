// Proved by TestManyDoomed and TestTranscripts.

package bayeux

import "halley/bayeux/reply"

// patternWork is how many units a pattern costs that a session is put on or taken off: it
// stands in maps of the loop and of all loops.
const patternWork = 8

// Disconnect ends a session from the server's side and tells its client through
// the held connect, if there is one.
func (s *Server) Disconnect(now int64, a Address, fx *Effects) bool {
	if s.sessions.find(a) == nil {
		return false
	}
	s.end(now, a.Slot, fx)
	return true
}

// end ends a session for good and tells its client to stop.
func (s *Server) end(now int64, slot uint32, fx *Effects) {
	s.endWith(now, slot, connectReply{last: reply.AdviceNone, ended: true}, fx)
}

// endWith answers a held connect with the news of the session's end, or brings it on the
// stream, and removes the session.
func (s *Server) endWith(now int64, slot uint32, last connectReply, fx *Effects) {
	r := s.sessions.At(slot)
	switch {
	case r.outlet.holds():
		s.resume(now, slot, r, last, fx)
	case r.outlet.streams() && r.outlet.state != anonymous:
		s.at(slot, r).deliverEnd(last, fx)
	}
	s.remove(slot, fx)
}

// remove frees a session and everything that it has.
func (s *Server) remove(slot uint32, fx *Effects) {
	r := s.sessions.At(slot)
	if r.outlet.holds() {
		s.at(slot, r).unhold()
	}
	if r.outlet.streams() {
		s.at(slot, r).detach(fx)
	}
	s.Spend(patternWork*s.fanout.Count(slot) + r.queue.Len())
	s.fanout.Leave(slot, func(pattern []byte) { s.joins.leave(pattern, fx) })
	s.lazies.wheel.Cancel(slot)
	s.polls.giveUp(r)
	s.queues.Close(&r.queue)
	delete(s.syncs, slot)
	delete(s.replays.of, slot)
	s.wheel.Cancel(slot)
	s.grants.forget(slot)
	s.sessions.Release(slot)
}
