// Package history remembers what was published to channels with a history or a
// snapshot. It is pure: no clock, no lock, no file.
//
// All channels share one sequence of numbers. A number is therefore a cursor over
// any set of channels: what follows it on any of them has a greater one.
package history

import (
	"cmp"
	"slices"

	"halley/bayeux/channel"
)

// The cursors that stand for no event (as Salesforce's replay extension has them).
const (
	Tip      int64 = -1 // only what is published from now on
	Earliest int64 = -2 // all that is remembered
)

// Keep says how much of a channel is remembered. What exceeds either limit goes;
// a zero limit does not apply, and both zero keep the last event alone.
type Keep struct {
	Events int   // number of events
	Age    int64 // milliseconds
}

// Entry is one remembered event.
type Entry struct {
	ID      int64
	At      int64 // milliseconds, when it was published
	Channel string
	Event   string // as it is delivered
}

// Store remembers entries by channel, within a total of bytes. Beyond that the
// oldest entries of all channels go first.
type Store struct {
	channels map[string]*ring
	order    deque[ref] // all entries by age, for the total; some are gone already
	last     int64
	lost     int64 // the greatest number that channels which are gone have forgotten
	bytes    int
	maxBytes int
}

type ref struct {
	id      int64
	channel *ring
}

// ring is one channel's entries, oldest first.
type ring struct {
	entries deque[Entry]
	keep    Keep
	floor   int64 // the greatest number that this channel has forgotten
}

// entryCost is what an entry takes beside its text.
const entryCost = 96

// New returns a store that keeps at most maxBytes.
func New(maxBytes int) *Store {
	return &Store{channels: make(map[string]*ring), maxBytes: maxBytes}
}

// Last is the number given last; 0 none.
func (s *Store) Last() int64 { return s.last }

// Bytes is what the entries take, about.
func (s *Store) Bytes() int { return s.bytes }

// Len is the number of entries.
func (s *Store) Len() (n int) {
	for _, r := range s.channels {
		n += r.entries.len()
	}
	return n
}

// Next returns the number for the next event, which is Added with it.
func (s *Store) Next() int64 { return s.last + 1 }

// Add remembers an entry. Its number must be greater than all before it.
func (s *Store) Add(e Entry, keep Keep) {
	r := s.channels[e.Channel]
	if r == nil {
		r = &ring{}
		s.channels[e.Channel] = r
	}
	r.keep = keep
	r.entries.push(e)
	s.last = e.ID
	s.order.push(ref{e.ID, r})
	s.bytes += cost(&e)
	s.trim(r, e.At)
	s.shrink()
}

func cost(e *Entry) int { return entryCost + len(e.Channel) + len(e.Event) }

// trim forgets what its channel's limits no longer allow.
func (s *Store) trim(r *ring, now int64) {
	n := 0
	switch {
	case r.keep == Keep{}:
		n = r.entries.len() - 1
	case r.keep.Events > 0:
		n = max(0, r.entries.len()-r.keep.Events)
	}
	if r.keep.Age > 0 {
		for n < r.entries.len() && r.entries.at(n).At <= now-r.keep.Age {
			n++
		}
	}
	s.forget(r, n)
}

// forget drops the n oldest entries of a channel.
func (s *Store) forget(r *ring, n int) {
	if n == 0 {
		return
	}
	for i := range n {
		s.bytes -= cost(r.entries.at(i))
	}
	r.floor = r.entries.at(n - 1).ID
	r.entries.drop(n)
}

// shrink keeps the total, and the list by age as short as what it lists.
func (s *Store) shrink() {
	for s.order.len() > 0 {
		o := s.order.at(0)
		gone := o.id <= o.channel.floor
		if !gone && s.bytes <= s.maxBytes {
			return
		}
		if !gone {
			s.forget(o.channel, 1)
		}
		s.order.drop(1)
	}
}

// Expire forgets what has become too old.
func (s *Store) Expire(now int64) {
	for name, r := range s.channels {
		if r.keep.Age > 0 {
			s.trim(r, now)
		}
		if r.entries.len() == 0 {
			s.lost = max(s.lost, r.floor)
			delete(s.channels, name)
		}
	}
	s.shrink()
}

// Snapshot appends the last entry of every channel that pattern matches and want
// accepts, by number.
func (s *Store) Snapshot(dst []Entry, pattern []byte, want func(channel string) bool) []Entry {
	start := len(dst)
	s.each(pattern, func(name string, r *ring) {
		if n := r.entries.len(); n > 0 && want(name) {
			dst = append(dst, *r.entries.at(n - 1))
		}
	})
	sort(dst[start:])
	return dst
}

// Replay appends what follows the cursor after on all channels that pattern
// matches, by number. ok is false if some of it is forgotten, or if after is no
// number that this store has given.
func (s *Store) Replay(dst []Entry, pattern []byte, after int64) (_ []Entry, ok bool) {
	if after == Tip {
		return dst, true
	}
	if after < Earliest || after > s.last {
		return dst, false
	}
	start, floor := len(dst), int64(0)
	if s.channels[string(pattern)] == nil {
		floor = s.lost
	}
	s.each(pattern, func(_ string, r *ring) {
		floor = max(floor, r.floor)
		live := r.entries.live()
		i, _ := slices.BinarySearchFunc(live, after+1, func(e Entry, id int64) int { return cmp.Compare(e.ID, id) })
		dst = append(dst, live[i:]...)
	})
	sort(dst[start:])
	return dst, after == Earliest || floor <= after
}

// each visits the channels that pattern matches.
func (s *Store) each(pattern []byte, visit func(name string, r *ring)) {
	if r := s.channels[string(pattern)]; r != nil {
		visit(string(pattern), r)
		return
	}
	for name, r := range s.channels {
		if channel.Matches(pattern, []byte(name)) {
			visit(name, r)
		}
	}
}

func sort(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
}

// Skip gives a number to an event that is not remembered.
func (s *Store) Skip(id int64) { s.last = id }

// All lists every entry, by number.
func (s *Store) All() []Entry {
	list := make([]Entry, 0, s.order.len())
	for _, r := range s.channels {
		list = append(list, r.entries.live()...)
	}
	sort(list)
	return list
}

// Merge sorts entries by number and drops those that are there twice.
func Merge(entries []Entry) []Entry {
	sort(entries)
	return slices.CompactFunc(entries, func(a, b Entry) bool { return a.ID == b.ID })
}
