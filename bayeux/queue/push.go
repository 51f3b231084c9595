// Proved by TestStoreAgainstList, TestConflateAgainstList and TestRoom.

package queue

import "halley/bayeux/event"

// Push appends e to a queue, after making room by the policy. It returns false if the
// policy is to end the session.
//
// Events in flight take their room too. Those of a reply leave it soon; those that a
// client does not acknowledge are the oldest that there are, and the first to go.
func (s *Store) Push(q *Queue, e event.Event) bool {
	s.work.Spend(1)
	for s.full(q, e) && (q.pending() > 0 || q.acknowledges && q.sent > 0) {
		switch {
		case s.cfg.Slow == Disconnect:
			return false
		case q.acknowledges && q.sent > 0:
			s.drop(q, s.nodes.dropSent(q))
		default:
			s.makeRoom(q)
		}
	}
	s.nodes.push(q, e)
	return true
}

// PushNewest puts e in the place of the pending event of its key, or appends it as Push
// does.
func (s *Store) PushNewest(q *Queue, e event.Event, key []byte) bool {
	if s.replace(q, e, key) {
		return true
	}
	if !s.Push(q, e) {
		return false
	}
	s.noteKey(q, key)
	return true
}

// PushAfter appends e as Push does. If a newer event of its key was to replace an older
// one, it replaces e instead: else it would come before e.
func (s *Store) PushAfter(q *Queue, e event.Event, key []byte) bool {
	if !s.Push(q, e) {
		return false
	}
	s.moveKey(q, key)
	return true
}

func (s *Store) full(q *Queue, e event.Event) bool {
	return int(q.count) >= s.cfg.QueueMessages || !s.Fits(q, Cost(e))
}

func (s *Store) makeRoom(q *Queue) {
	if s.cfg.Slow == Conflate && q.patience == 0 && s.conflate(q) > 0 {
		return
	}
	if q.patience > 0 {
		q.patience--
	}
	s.dropOldest(q)
}

// dropOldest gives the oldest pending event up.
func (s *Store) dropOldest(q *Queue) {
	s.forgetKey(q, q.first)
	s.drop(q, s.nodes.dropOldest(q))
}

// drop counts an event that a queue had no room for.
func (s *Store) drop(q *Queue, e event.Event) { s.Lose(q, e.Channel()) }

// conflate removes every pending event that a newer one of its channel follows
// and returns how many it removed. A pass that finds little is not repeated at
// once, so that its cost stays a constant share of the events'.
func (s *Store) conflate(q *Queue) (removed uint32) {
	clear(s.newest)
	s.work.Spend(q.Pending())
	before := q.pending()
	for i, k := q.first, before; k > 0; i, k = s.nodes.At(i).next, k-1 {
		s.newest[s.nodes.At(i).event.Channel()] = i
	}
	i := q.first
	for k := before; k > 0; k-- {
		e, next := s.nodes.At(i).event, s.nodes.At(i).next
		if s.newest[e.Channel()] != i {
			s.forgetKey(q, i)
			s.nodes.remove(q, i)
			s.drop(q, e)
			removed++
		}
		i = next
	}
	if removed < before/4 {
		q.patience = before / 4
	}
	return removed
}

// Shed drops the oldest pending events of a queue down to so many bytes and returns how
// many they were.
func (s *Store) Shed(q *Queue, least int) (dropped int) {
	for ; q.pending() > 0 && int(q.bytes) > least; dropped++ {
		s.dropOldest(q)
	}
	return dropped
}
