// Proved by TestStoreAgainstList and TestRecalledEventsDoNotBounce.

package queue

import "halley/bayeux/event"

// Take puts pending events in flight, the oldest first, as long as take does take them,
// and returns how many they are. If they go with a connect reply, reply is its number,
// and 0 if they do not.
func (s *Store) Take(q *Queue, reply uint32, take func(event.Event) bool) (taken int) {
	order := uint32(0) // of the event before
	for q.pending() > 0 {
		node := s.nodes.At(q.first)
		if !take(node.event) {
			break
		}
		if node.key != 0 {
			s.forgetKey(q, q.first)
		}
		if reply != 0 {
			order = q.order(node.order, order)
			node.order = order
		}
		q.first = node.next
		q.sent++
		taken++
	}
	if taken > 0 {
		s.work.Spend(taken)
		s.endFlush(q, uint32(taken))
		if reply != 0 {
			s.carry(q, s.nodes.At(q.head).order, reply, order)
		}
	}
	return taken
}

// endFlush notes that so many pending events go out. Once all have that waited at the
// last mark, what waits by then is not replaced any more if it has a number: it would go
// to the end again and again while its client takes less than there is.
func (s *Store) endFlush(q *Queue, sent uint32) {
	if q.flushMark -= min(q.flushMark, sent); q.flushMark > 0 && q.pending() > 0 {
		return
	}
	q.flushMark = q.pending()
	s.Freeze(q, func(e event.Event) bool { return e.ID() != 0 })
}

// Each calls visit with the pending events, the oldest first, until it returns false.
func (s *Store) Each(q *Queue, visit func(event.Event) bool) {
	for i, n := q.first, q.pending(); n > 0 && visit(s.nodes.At(i).event); n-- {
		i = s.nodes.At(i).next
	}
}

// Recall drops the events that come again, by another way. Those in flight do not come
// back, should they bounce. It visits all that waits, which the queue's limit bounds, and counts it as work.
func (s *Store) Recall(q *Queue, comes func(event.Event) bool) {
	s.work.Spend(q.Len())
	i := q.head
	for n := q.sent; n > 0; n-- {
		if comes(s.nodes.At(i).event) {
			s.nodes.At(i).order = recalled
		}
		i = s.nodes.At(i).next
	}
	i = q.first
	for n := q.pending(); n > 0; n-- {
		next := s.nodes.At(i).next
		if comes(s.nodes.At(i).event) {
			s.forgetKey(q, i)
			s.nodes.remove(q, i)
		}
		i = next
	}
}
