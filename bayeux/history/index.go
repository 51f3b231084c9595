// Proved by TestSnapshotAgainstNaive and TestNothingIsLeft.

package history

import "halley/bayeux/channel"

// node is a wildcard with what it matches.
type node struct {
	pattern  string
	channels int   // that it matches
	entries  log   // of them all
	latest   log   // the last entry of each channel with a snapshot
	late     log   // of those, the paced ones
	floor    int64 // the greatest number that one of their histories has forgotten
}

// What things take beside their text, about.
const (
	entryCost = 96
	refCost   = 20 // an entry's place under a wildcard
	ringCost  = 200
	nodeCost  = 250
)

func (r *ring) cost(e *Entry) int {
	return entryCost + len(e.Channel) + len(e.Event) + refCost*len(r.nodes)
}

// ring returns a channel's ring. A new one does not know what the channel had
// before it was gone.
func (s *Store) ring(name string) *ring {
	r := s.channels[name]
	if r == nil {
		r = &ring{name: name, floor: s.lost}
		w := channel.WildcardsOf([]byte(name))
		for pattern, more := w.Append(nil); more; pattern, more = w.Append(pattern[:0]) {
			n := s.node(pattern)
			n.channels++
			r.nodes = append(r.nodes, n)
		}
		s.channels[name] = r
		s.bytes += ringCost + len(name)
	}
	return r
}

func (s *Store) node(pattern []byte) *node {
	n := s.patterns[string(pattern)]
	if n == nil {
		n = &node{pattern: string(pattern)}
		s.patterns[n.pattern] = n
		if s.all != nil {
			s.bytes += nodeCost + len(pattern)
		}
	}
	return n
}

// leave removes a channel of which nothing is left.
func (s *Store) leave(r *ring) {
	s.lost = max(s.lost, r.forgotten())
	delete(s.channels, r.name)
	s.bytes -= ringCost + len(r.name)
	for _, n := range r.nodes {
		if n.channels--; n.channels == 0 {
			delete(s.patterns, n.pattern)
			s.bytes -= nodeCost + len(n.pattern)
		}
	}
}

// link lists an entry wherever it belongs.
func (s *Store) link(r *ring, e *Entry) {
	r.entries.add(e)
	for _, n := range r.nodes {
		n.entries.add(e)
		if r.keep.Snapshot {
			n.latest.add(e)
		}
		if r.keep.Snapshot && r.keep.Paced {
			n.late.add(e)
		}
	}
	if r.keep.Age > 0 {
		if s.ages[r.keep.Age] == nil {
			s.ages[r.keep.Age] = new(log)
		}
		s.ages[r.keep.Age].add(e)
	}
	if r.replays {
		s.kept++
	}
	s.bytes += r.cost(e)
}

// unlist takes an entry from those that are the last of their channels.
func (r *ring) unlist(e *Entry) {
	if !r.keep.Snapshot {
		return
	}
	for _, n := range r.nodes {
		n.latest.remove(e.ID)
		n.late.remove(e.ID)
	}
}

// unlink is the opposite of link, for a channel's first entry.
func (s *Store) unlink(r *ring, e *Entry) {
	if r.entries.count == 1 {
		r.unlist(e)
	}
	r.entries.remove(e.ID)
	for _, n := range r.nodes {
		n.entries.remove(e.ID)
	}
	if l := s.ages[r.keep.Age]; l != nil && r.keep.Age > 0 {
		l.remove(e.ID)
	}
	if r.replays {
		s.kept--
	}
	s.bytes -= r.cost(e)
}

// forget drops the first entry of a channel.
func (s *Store) forget(r *ring, e *Entry) {
	s.unlink(r, e)
	r.forget(e.ID)
	if s.changed != nil && r.replays {
		s.changed[r.name] = r.floor
	}
	if r.entries.count == 0 {
		s.leave(r)
	}
}

// forget notes that the channel has forgotten its events up to the number id.
func (r *ring) forget(id int64) {
	r.floor = max(r.floor, id)
	for _, n := range r.nodes {
		n.floor = max(n.floor, r.forgotten())
	}
}
