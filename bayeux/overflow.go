package bayeux

import "halley/bayeux/event"

// enqueue puts e on the session's queue, after making room by the policy. It
// returns false if the policy is to end the session. Events in flight take their room
// too. Those of a reply leave it soon; those that a client does not acknowledge are
// the oldest that there are, and the first to go.
func (s *Server) enqueue(slot uint32, r *session, e event.Event) bool {
	q := &r.queue
	s.Spend(1)
	for s.full(r, e) && (q.pending() > 0 || r.acknowledges && q.sent > 0) {
		switch {
		case s.cfg.Slow == Disconnect:
			return false
		case r.acknowledges && q.sent > 0:
			s.drop(slot, s.nodes.dropSent(q).Channel())
		default:
			s.makeRoom(slot, q)
		}
	}
	s.nodes.push(q, e)
	return true
}

func (s *Server) full(r *session, e event.Event) bool {
	q := &r.queue
	return int(q.count) >= s.cfg.QueueMessages || int(q.bytes+r.pinned+cost(e)) > s.cfg.QueueBytes
}

func (s *Server) makeRoom(slot uint32, q *queue) {
	if s.cfg.Slow == Conflate && q.patience == 0 && s.conflate(slot, q) > 0 {
		return
	}
	if q.patience > 0 {
		q.patience--
	}
	s.forgetKey(slot, q.first)
	s.drop(slot, s.nodes.dropOldest(q).Channel())
}

// conflate removes every pending event that a newer one of its channel follows
// and returns how many it removed. A pass that finds little is not repeated at
// once, so that its cost stays a constant share of the events'.
func (s *Server) conflate(slot uint32, q *queue) (removed uint32) {
	clear(s.newest)
	s.Spend(int(q.pending()))
	for i, k := q.first, q.pending(); k > 0; i, k = s.nodes.at(i).next, k-1 {
		s.newest[s.nodes.at(i).event.Channel()] = i
	}
	before := q.pending()
	i := q.first
	for k := before; k > 0; k-- {
		e, next := s.nodes.at(i).event, s.nodes.at(i).next
		if s.newest[e.Channel()] != i {
			s.forgetKey(slot, i)
			s.nodes.remove(q, i)
			s.drop(slot, e.Channel())
			removed++
		}
		i = next
	}
	if removed < before/4 {
		q.patience = before / 4
	}
	return removed
}
