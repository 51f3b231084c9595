// Proved by TestStoreAgainstList and TestReturnedEventsGiveWay.

package queue

import "halley/bayeux/event"

// A pending event can have a key: the next event of the same key takes its place. That
// costs memory only for what is pending, and time by the event, not by what is pending.

// replace puts e in the place of the pending event of its key, and tells whether it did.
// An event with a number goes to the end, and so each that waits has a greater number than
// all that have gone before it: one is a cursor for many channels. One that its place in
// the queue has no room for is left to the caller.
func (s *Store) replace(q *Queue, e event.Event, key []byte) bool {
	id := s.keys.Find(key)
	if id == 0 {
		return false
	}
	i, ok := s.replaced[keyOf{q.owner, id}]
	if !ok {
		return false
	}
	s.stats.Conflated++
	node := s.nodes.At(i)
	grown := int(q.bytes) + len(e) - len(node.event)
	if grown > max(s.cfg.QueueBytes-int(q.reserved), int(q.bytes)) {
		s.forgetKey(q, i)
		s.nodes.remove(q, i)
		return false
	}
	if e.ID() != 0 || node.order != 0 {
		s.nodes.toTail(q, i)
	}
	s.nodes.grow(q, grown-int(q.bytes))
	node.event, node.order = e, 0
	return true
}

// noteKey has the newest pending event replaced by a newer one of its key.
func (s *Store) noteKey(q *Queue, key []byte) {
	id := s.keys.Use(key)
	s.nodes.At(q.tail).key = id
	s.replaced[keyOf{q.owner, id}] = q.tail
}

// moveKey has the newest pending event replaced if an older one of its key was.
func (s *Store) moveKey(q *Queue, key []byte) {
	id := s.keys.Find(key)
	if i, ok := s.replaced[keyOf{q.owner, id}]; ok && id != 0 {
		s.forgetKey(q, i)
		s.noteKey(q, key)
	}
}

// forgetKey has the pending node i replaced no more.
func (s *Store) forgetKey(q *Queue, i uint32) {
	if id := s.nodes.At(i).key; id != 0 {
		s.nodes.At(i).key = 0
		delete(s.replaced, keyOf{q.owner, id})
		s.keys.Drop(id)
	}
}

// forgetKeys has no pending event replaced any more.
func (s *Store) forgetKeys(q *Queue) {
	s.Freeze(q, func(event.Event) bool { return true })
}

// Freeze has no newer event replace the pending ones that where is true of.
func (s *Store) Freeze(q *Queue, where func(event.Event) bool) {
	for i, n := q.first, q.pending(); n > 0 && len(s.replaced) > 0; n-- {
		if node := s.nodes.At(i); node.key != 0 && where(node.event) {
			s.forgetKey(q, i)
		}
		i = s.nodes.At(i).next
	}
}
