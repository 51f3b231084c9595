package bayeux

import "halley/bayeux/message"

// patternWork is how many units a pattern costs that a session is put on or taken off: it
// stands in maps of the loop and of all loops.
const patternWork = 8

// yields parks the messages that are left if the turn has done enough. What was parked
// is handled in any case: its answer is there, and each turn gets on.
func (x *exchange) yields(messages []message.Message) bool {
	s := x.s
	if x.got.rested || !s.Tired() || len(s.parked) >= s.cfg.MaxAsks {
		x.got.rested = false
		return false
	}
	s.stats.Yields++
	x.waits = Effect{Kind: Yield}
	x.park(messages)
	return true
}

// giveUp forgets the batch that made way for others: the connection that it came by has
// gone, and so has the one who would read the reply. What came behind it on the same
// websocket is forgotten too.
func (s *Server) giveUp(now int64, ticket Ticket, fx *Effects) {
	p := s.parked[ticket]
	if p == nil {
		return
	}
	delete(s.parked, ticket)
	if r := s.sessions.find(p.owner); p.losses && r != nil {
		s.queues.SettleLosses(&r.queue, false)
	}
	if l := s.backlogs.of[p.req.To]; l != nil && l.waitsFor == ticket {
		s.endBacklog(now, p.req.To, l, fx)
	}
}
