package bayeux

// SessionInfo describes a session to its operator.
type SessionInfo struct {
	ID             string
	ConnectionType string // of its last connect
	Held           bool
	Queued         int // events
	QueuedBytes    int
	Subscriptions  int
	Dropped        uint64 // events lost to a full queue, that its client was not told of yet
	AgeMs          int64
}

// Sessions describes at most limit sessions.
func (s *Server) Sessions(now int64, limit int) []SessionInfo {
	var list []SessionInfo
	s.sessions.Each(func(slot uint32, r *session) bool {
		if len(list) < limit {
			i := r.info(now)
			i.ID = string(appendClientID(nil, s.sessions.address(slot), &r.secret))
			i.Subscriptions, i.Dropped = s.fanout.Count(slot), s.queues.Lost(&r.queue)
			list = append(list, i)
		}
		return len(list) < limit
	})
	return list
}

// info is what the record alone tells.
func (r *session) info(now int64) SessionInfo {
	return SessionInfo{
		ConnectionType: r.advised.String(),
		Held:           r.outlet.holds(),
		Queued:         r.queue.Len(),
		QueuedBytes:    r.queue.Bytes(),
		AgeMs:          now - r.created,
	}
}

// Inspect is what an operator asks about single sessions. It changes nothing.
func (s *Server) Inspect() Inspector { return Inspector{s} }

// Channels calls visit with every pattern that has subscribers here.
func (s *Server) Channels(visit func(pattern []byte, subscribers int)) { s.fanout.Patterns(visit) }

// Subscriptions is how many all sessions have together.
func (s *Server) Subscriptions() int { return s.fanout.Subscriptions() }

// Subscribers is how many sessions here are on exactly a pattern.
func (s *Server) Subscribers(pattern []byte) int { return s.fanout.Subscribers(pattern) }

// Stats returns the counters as they stand.
func (s *Server) Stats() Stats {
	st := s.stats
	st.Sessions = int64(s.sessions.Len())
	st.Stats = s.queues.Stats()
	st.Conflated += s.fanout.Conflated()
	return st
}

// Received is how many messages have come in.
func (s *Server) Received() uint64 { return s.stats.MessagesIn }

// Find returns the address of the session that a clientId names, if it lives here.
func (s *Server) Find(clientID []byte) (Address, bool) {
	slot, r := s.sessions.lookup(clientID)
	if r == nil {
		return Address{}, false
	}
	return s.sessions.address(slot), true
}
