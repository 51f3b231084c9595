// Proved by bayeux/testdata/deadline-*.txt, bayeux/testdata/behind.txt and TestManyExpireTogether.

package bayeux

import "halley/bayeux/reply"

// Hurries tells whether Tick should be called every tenth of a second, since
// something waits for less than a second or so.
func (s *Server) Hurries(now int64) bool {
	return s.fanout.Pauses()+s.lazies.wheel.Len() > 0 || now < s.tickSoon
}

// Behind says whether requests wait that came before now: while they do nobody
// expires, for a client that is there may have sent one of them.
func (s *Server) Behind(yes bool) { s.behind = yes }

// Tick answers the connects whose time is over and sweeps expired sessions
// (Bayeux 1.0, 4.2 SHOULD expiry). It tells whether it left some of them for the next call.
func (s *Server) Tick(now int64, fx *Effects) (more bool) {
	s.expired = s.wheel.Advance(now, expiryBatch, s.expired[:0])
	for i, slot := range s.expired {
		if i > 0 && s.Tired() {
			s.wheel.Set(slot, now)
			more = true
			continue
		}
		s.expire(now, slot, fx)
	}
	more = s.endGrants(now, fx) || more || len(s.expired) == expiryBatch
	more = s.wakeLazies(now) || more
	return s.fanout.Due(now) || more
}

// expire answers the connect of the session at slot, whose time is over, or removes the session.
func (s *Server) expire(now int64, slot uint32, fx *Effects) {
	defer s.contain(s.sessions.address(slot))
	r := s.sessions.At(slot)
	switch {
	case r.outlet.holds():
		s.at(slot, r).resume(now, advisedReply(r), fx)
	case r.tables.has(inBacklogs) || s.behind || r.delivery.leaves():
		s.at(slot, r).await(now)
	default:
		s.stats.Expired++
		s.at(slot, r).remove(fx)
	}
}

// endGrants ends the sessions whose authority gave them no longer, and tells whether
// there may be more of them.
func (s *Server) endGrants(now int64, fx *Effects) (more bool) {
	due := s.grants.expired(now, expiryBatch)
	for _, slot := range due {
		s.stats.Expired++
		s.endGrant(now, slot, fx)
	}
	return len(due) == expiryBatch
}

// endGrant ends the session at slot, whose authority gave it no longer.
func (s *Server) endGrant(now int64, slot uint32, fx *Effects) {
	defer s.containEnd(s.sessions.address(slot), fx)
	v := s.at(slot, s.sessions.At(slot))
	if s.terms.Salesforce { // whose clients know one end by the server
		v.end(now, fx)
		return
	}
	v.endWith(now, connectReply{last: reply.AdviceHandshake, failure: reply.AuthorityExpired}, fx)
}

// wakeLazies sends the events on their way that have waited for company long enough. It
// tells whether it left some for the next call.
func (s *Server) wakeLazies(now int64) (more bool) {
	due := s.lazies.wheel.Advance(now, expiryBatch, s.lazies.due[:0])
	s.lazies.due = due
	for n, slot := range due {
		if s.Spend(1); n > 0 && s.Tired() {
			s.lazies.wheel.Set(slot, now)
			more = true
			continue
		}
		r := s.sessions.At(slot)
		r.eager = r.eager || r.queue.Pending() > 0
		s.at(slot, r).mark()
	}
	return more || len(due) == expiryBatch
}
