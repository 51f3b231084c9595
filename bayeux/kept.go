package bayeux

// Kept is how many bytes the queues of all sessions have, each counted whole though
// several may share an event, how many their nodes take, used or not, and about how
// many all subscriptions take.
func (s *Server) Kept() (events, nodes, subscriptions int) {
	events, nodes = s.queues.Memory()
	return events, nodes, s.fanout.Memory()
}

// Claims is how many bytes an Authority keeps with the sessions.
func (s *Server) Claims() int { return s.grants.bytes }

// Received is how many messages have come in.
func (s *Server) Received() uint64 { return s.stats.MessagesIn }
