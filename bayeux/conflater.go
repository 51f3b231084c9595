package bayeux

import (
	"halley/bayeux/event"
	"halley/bayeux/slab"
)

// conflater finds a session's pending event that a newer one of its channel, or
// of its channel and key, takes the place of. It costs memory only for what is
// pending, and time by the event, not by what is pending.
type conflater struct {
	ids     map[string]uint32     // of channels and keys that are in use
	keys    slab.List[conflated]  // by id; 0 is never used
	pending map[pendingKey]uint32 // nodes
}

type conflated struct {
	name string
	uses int
	lot  lot
}

type pendingKey struct{ slot, key uint32 }

func newConflater() conflater {
	c := conflater{ids: make(map[string]uint32), pending: make(map[pendingKey]uint32)}
	c.keys.Take(conflated{}) // 0
	return c
}

// find returns the id of a name in use, or 0.
func (c *conflater) find(name []byte) uint32 { return c.ids[string(name)] }

// take returns the id of a name and counts one more use of it.
func (c *conflater) take(name []byte) uint32 {
	id, known := c.ids[string(name)]
	if !known {
		k := conflated{name: string(name)}
		id = c.keys.Take(k)
		c.ids[k.name] = id
	}
	c.keys.At(id).uses++
	return id
}

// put counts one use less of an id.
func (c *conflater) put(id uint32) {
	k := c.keys.At(id)
	if k.uses--; k.uses == 0 {
		delete(c.ids, k.name)
		c.keys.Release(id)
	}
}

// conflationKey is what e conflates by, see rules.Keys.
func (s *Server) conflationKey(e event.Event, field string) []byte {
	key, read := s.keys.Of(e, field)
	s.Read(read)
	return key
}

// replace puts e in the place of the session's pending event of that key, and tells
// whether it did. An event with a number goes to the end, and so each that waits has a
// greater number than all that have gone before it: one is a cursor for many channels.
// One that its place in the queue has no room for is left to the caller.
func (s *Server) replace(slot uint32, r *session, key []byte, e event.Event) bool {
	q := &r.queue
	id := s.conflater.find(key)
	if id == 0 {
		return false
	}
	i, ok := s.conflater.pending[pendingKey{slot, id}]
	if !ok {
		return false
	}
	s.stats.Conflated++
	grown := int(q.bytes) + len(e) - len(s.nodes.at(i).event)
	if grown > max(s.cfg.QueueBytes-int(r.pinned), int(q.bytes)) {
		s.forgetKey(slot, i)
		s.nodes.remove(q, i)
		return false
	}
	if e.ID() != 0 || s.nodes.at(i).order != 0 {
		s.nodes.toTail(q, i)
	}
	s.nodes.grow(q, grown-int(q.bytes))
	s.nodes.at(i).event, s.nodes.at(i).order = e, 0
	return true
}

// endRound notes that so many pending events go out. Once all have that waited when
// the last round ended, what waits by then is not replaced any more if it has a
// number: it would go to the end again and again while its client takes less than
// there is.
func (s *Server) endRound(slot uint32, q *queue, sent uint32) {
	if q.round -= min(q.round, sent); q.round > 0 && q.pending() > 0 {
		return
	}
	q.round = q.pending()
	for i, n := q.first, q.pending(); n > 0 && len(s.conflater.pending) > 0; n-- {
		if s.nodes.at(i).key != 0 && s.nodes.at(i).event.ID() != 0 {
			s.forgetKey(slot, i)
		}
		i = s.nodes.at(i).next
	}
}

// noteKey makes the newest pending event the one that a newer one of key replaces.
func (s *Server) noteKey(slot uint32, q *queue, key []byte) {
	id := s.conflater.take(key)
	s.nodes.at(q.tail).key = id
	s.conflater.pending[pendingKey{slot, id}] = q.tail
}

// moveKey makes the newest pending event the one to replace if an older one of key
// was: else what replaces that one would come before what it follows.
func (s *Server) moveKey(slot uint32, q *queue, key []byte) {
	id := s.conflater.find(key)
	if i, ok := s.conflater.pending[pendingKey{slot, id}]; ok && id != 0 {
		s.forgetKey(slot, i)
		s.noteKey(slot, q, key)
	}
}

// forgetKey ends the replacing of node i, which leaves the pending ones.
func (s *Server) forgetKey(slot, i uint32) {
	if id := s.nodes.at(i).key; id != 0 {
		s.nodes.at(i).key = 0
		delete(s.conflater.pending, pendingKey{slot, id})
		s.conflater.put(id)
	}
}

// forgetKeys does so for all pending events of a session.
func (s *Server) forgetKeys(slot uint32, q *queue) {
	for i, n := q.first, q.pending(); n > 0 && len(s.conflater.pending) > 0; n-- {
		s.forgetKey(slot, i)
		i = s.nodes.at(i).next
	}
}

// forgetAsked ends the replacing of pending events that is not by a rule, before the
// session asks for something else: events that are not conflated may follow them.
func (s *Server) forgetAsked(slot uint32, q *queue) {
	s.Spend(int(q.pending()))
	for i, n := q.first, q.pending(); n > 0 && len(s.conflater.pending) > 0; n-- {
		if s.nodes.at(i).key != 0 {
			s.other = append(s.other[:0], s.nodes.at(i).event.Channel()...)
			if b := s.rules.Of(s.other); !b.Conflate && b.Interval == 0 {
				s.forgetKey(slot, i)
			}
		}
		i = s.nodes.at(i).next
	}
}

// conflateBounced makes events that came back give way to newer ones that wait
// already, and be replaced by those to come. The newest of a key that are not to be
// replaced yet takes the place of the oldest, unless it has a number.
func (s *Server) conflateBounced(slot uint32, r *session) {
	q := &r.queue
	s.Spend(int(q.pending()))
	var came map[uint32]bool // nodes that came back, with a key now
	for i, n := q.first, q.pending(); n > 0; n-- {
		node := s.nodes.at(i)
		next := node.next
		if node.key == 0 && s.conflates(slot, r, node.event) {
			key := s.conflationKey(node.event, s.rules.Of(s.name).Key)
			id := s.conflater.take(key)
			place, known := s.conflater.pending[pendingKey{slot, id}]
			switch {
			case known && !came[place]:
				s.yield(q, id, i)
			case known && node.event.ID() == 0 && s.nodes.at(place).order == 0:
				newer, older := node, s.nodes.at(place)
				older.event, newer.event = newer.event, older.event
				s.yield(q, id, i)
			default:
				if known {
					s.forgetKey(slot, place)
					s.yield(q, 0, place)
				}
				node.key = id
				s.conflater.pending[pendingKey{slot, id}] = i
				if came == nil {
					came = make(map[uint32]bool)
				}
				came[i] = true
			}
		}
		i = next
	}
}

// yield removes a pending event that gives way to another one of its key.
func (s *Server) yield(q *queue, key, i uint32) {
	if key != 0 {
		s.conflater.put(key)
	}
	s.nodes.remove(q, i)
	s.stats.Conflated++
}

// conflates tells whether only the newest of such events waits for the session.
func (s *Server) conflates(slot uint32, r *session, e event.Event) bool {
	s.name = append(s.name[:0], e.Topic()...)
	b := s.rules.Of(s.name)
	return b.Conflate || b.Interval > 0 || r.paced && s.askedInterval(slot, e) > 0
}
