package bayeux

import "halley/bayeux/message"

// Work is counted, not timed: a unit is a message, a pattern of a subscription, an event
// that is queued, sent or looked at. What wants more than a turn may do goes on in a
// later one, so that the loop's other clients have their turn between.

// unitBytes is how much of an event is read in about the time of a unit.
const unitBytes = 256

// patternWork is how many units a pattern costs that a session is put on or taken off: it
// stands in maps of the loop and of all loops.
const patternWork = 8

// BeginTurn tells that the loop has looked at its sockets since the last call.
func (s *Server) BeginTurn() { s.turnBegan = s.stats.Work }

// Tired tells whether this turn has done all the work that one may do.
func (s *Server) Tired() bool {
	return s.cfg.TurnWork > 0 && s.stats.Work-s.turnBegan >= uint64(s.cfg.TurnWork)
}

// Worked is the number of units so far.
func (s *Server) Worked() uint64 { return s.stats.Work }

// Spend counts units of work that the loop has done itself.
func (s *Server) Spend(units int) { s.spend(units) }

func (s *Server) spend(units int) { s.stats.Work += uint64(units) }

// yields parks the messages that are left if the turn has done enough. What was parked
// is handled in any case: its answer is there, and each turn gets on.
func (x *exchange) yields(messages []message.Message) bool {
	s := x.s
	if x.rested || !s.Tired() || len(s.parked) >= s.cfg.MaxAsks {
		x.rested = false
		return false
	}
	s.stats.Yields++
	x.waits = Effect{Kind: Yield}
	x.park(messages)
	return true
}

// GoOn goes on with the batch that made way for others under ticket.
func (s *Server) GoOn(now int64, ticket Ticket, fx *Effects) {
	s.unpark(now, ticket, fx, func(*exchange) {})
}

// GiveUp forgets the batch that made way for others: the connection that it came by has
// gone, and so has the one who would read the reply. What came behind it on the same
// websocket is forgotten too.
func (s *Server) GiveUp(now int64, ticket Ticket, fx *Effects) {
	p := s.parked[ticket]
	if p == nil {
		return
	}
	delete(s.parked, ticket)
	if p.tells && s.sessions.find(p.owner) != nil {
		s.settleDrops(p.owner.Slot, false)
	}
	if l := s.lines[p.req.To]; l != nil && l.behind == ticket {
		s.endLine(now, p.req.To, l, fx)
	}
}
