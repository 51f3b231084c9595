package bayeux

// Kept is how many bytes the queues of all sessions have, each counted whole though
// several may share an event, and how many their nodes take, used or not.
func (s *Server) Kept() (events, nodes int) { return s.nodes.bytes, s.nodes.memory() }

// Received is how many messages have come in.
func (s *Server) Received() uint64 { return s.stats.MessagesIn }
