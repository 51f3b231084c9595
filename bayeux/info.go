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
			list = append(list, s.info(now, slot, r))
		}
		return len(list) < limit
	})
	return list
}

func (s *Server) info(now int64, slot uint32, r *session) SessionInfo {
	return SessionInfo{
		ID:             string(appendClientID(nil, s.address(slot, r), &r.secret)),
		ConnectionType: r.advised.String(),
		Held:           r.outlet.holds(),
		Queued:         r.queue.Len(),
		QueuedBytes:    r.queue.Bytes(),
		Subscriptions:  s.fanout.Count(slot),
		Dropped:        s.queues.Lost(&r.queue),
		AgeMs:          now - r.created,
	}
}

// Channels calls visit with every pattern that has subscribers here.
func (s *Server) Channels(visit func(pattern []byte, subscribers int)) { s.fanout.Patterns(visit) }
