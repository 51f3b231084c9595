package bayeux

import "halley/bayeux/queue"

// The event of a lot is kept for those whose turns have not come, outside of all queues.
// It counts in the queue of one of them, whose turn is the first in the lot's list: turns
// that have seen it stand at the end. A session that has no room for it gets it before
// its turn, into its queue, where the policy for full queues decides; then the next
// session answers for it, and when none is left that waits it is let go.

// settleLot has the event of a lot count for the session that answers for it now.
func (s *Server) settleLot(id uint32) {
	for {
		l := s.lots.At(id)
		if l.pinned > 0 {
			s.sessions.At(l.payer).queue.Reserve(-l.pinned)
			l.pinned = 0
		}
		first := l.turns.first
		if first == 0 || s.pacer.list.At(first-1).seen == l.count {
			l.newest = ""
			return
		}
		l.payer, l.pinned = s.pacer.list.At(first-1).session.Slot, queue.Cost(l.newest)
		r := s.sessions.At(l.payer)
		r.queue.Reserve(l.pinned)
		if s.queues.Fits(&r.queue, 0) {
			return
		}
		s.overrun(first-1, r)
	}
}

// overrun gives a session without room the news of a turn before its time.
func (s *Server) overrun(i uint32, r *session) {
	t := s.pacer.list.At(i)
	slot, l := t.session.Slot, s.lots.At(t.key)
	news, e := l.count-t.seen, l.newest
	r.queue.Reserve(-l.pinned)
	l.pinned = 0
	s.see(i)
	if !s.covers(slot, e) {
		return
	}
	if b := s.rules.Of(s.name); !(r.replaying && s.follows(slot, e, b)) {
		s.stats.Conflated += news - 1
		r.eager = true
		s.enqueueFor(slot, r, e, true)
	}
}

// hasRoomForTurn tells whether a session's queue has room for one more turn. One that has
// none gets every event of the channel meanwhile.
func (s *Server) hasRoomForTurn(r *session) bool {
	return s.queues.Fits(&r.queue, turnBytes)
}
