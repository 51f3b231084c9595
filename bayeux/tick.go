// Proved by bayeux/testdata/deadline-*.txt, bayeux/testdata/behind.txt and TestManyExpireTogether.

package bayeux

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
		r := s.sessions.At(slot)
		switch {
		case i > 0 && s.Tired():
			s.wheel.Set(slot, now)
			more = true
		case r.outlet.holds():
			s.resume(now, slot, r, advisedReply(r), fx)
		case r.tables.has(inBacklogs) || s.behind || r.delivery.leaves():
			s.await(now, slot, r)
		default:
			s.stats.Expired++
			s.remove(slot, fx)
		}
	}
	more = s.endGrants(now, fx) || more || len(s.expired) == expiryBatch
	more = s.wakeLazies(now) || more
	return s.fanout.Due(now) || more
}

// await gives the client of a session that holds no connect as long to be heard of
// as it was told to stay away, and maxInterval. While a stream is open that needs no
// connects, it need not; while an event-stream is, it connects as seldom as is held.
func (s *Server) await(now int64, slot uint32, r *session) {
	switch r.outlet.timer() {
	case holdTime:
		return // it runs
	case noTimer:
		s.wheel.Cancel(slot)
		return
	}
	away := r.told
	if r.outlet.state == eventSource {
		away = max(away, s.periods.hold)
	}
	s.wheel.Set(slot, now+away+s.periods.maxInterval)
}
