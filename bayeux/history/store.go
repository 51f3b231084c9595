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
// a zero limit does not apply. Both zero keep the last event alone, for Snapshot:
// such a channel has no history, so that nothing of it counts as forgotten.
type Keep struct {
	Events int   // number of events
	Age    int64 // milliseconds
}

// Entry is one remembered event.
type Entry struct {
	ID      int64  // its number
	At      int64  // milliseconds, when it was published
	Channel string // its name
	Event   string // as it is delivered
}

// Store remembers entries by channel, within a total of bytes. Beyond that the
// oldest entries of all channels go first.
type Store struct {
	channels map[string]*ring
	order    deque[ref] // all entries by age, for the total; some are gone already
	last     int64
	known    int64 // the last number that a run before this one can have given
	first    int64 // the first of this run
	floor    int64 // up to it something is missing that nobody knows
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
	replays bool  // it has a history
	floor   int64 // the greatest number that this channel has forgotten
}

// forgotten is the greatest number that r's history has forgotten.
func (r *ring) forgotten() int64 {
	if !r.replays {
		return 0
	}
	return r.floor
}

// entryCost is what an entry takes beside its text.
const entryCost = 96

// New returns a store that keeps at most maxBytes.
func New(maxBytes int) *Store {
	return &Store{channels: make(map[string]*ring), maxBytes: maxBytes}
}

// Begin says that from now on numbers from first on are given, or from the one
// that is slack above the last if that is greater. So many the run before can have
// given without this store's knowledge. A store that knows of no run before takes
// all smaller numbers for those of a run that it has forgotten.
func (s *Store) Begin(first, slack int64) {
	if s.last > 0 {
		s.known = s.last + slack
	}
	s.last = max(s.known, first-1)
	s.first = s.last + 1
	if s.known == 0 {
		s.Forget(s.last)
	}
}

// Forget says that of any channel something may be missing up to the number id.
func (s *Store) Forget(id int64) { s.floor = max(s.floor, id) }

// ForgetOf says that a channel has forgotten its events up to the number id.
func (s *Store) ForgetOf(channel string, id int64) {
	r := s.ring(channel)
	r.replays, r.floor = true, max(r.floor, id)
}

// ForgetGone is ForgetOf for all channels of which nothing is remembered.
func (s *Store) ForgetGone(id int64) { s.lost = max(s.lost, id) }

// ForgetUnlisted says that before the number id any channel may have had events
// which are not among those that are remembered.
func (s *Store) ForgetUnlisted(id int64) {
	for _, r := range s.channels {
		if n := r.entries.len(); n > 0 {
			r.floor = max(r.floor, r.entries.at(0).ID-1)
		}
	}
	s.ForgetGone(id)
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

// ring returns a channel's ring. A new one does not know what the channel had
// before it was gone.
func (s *Store) ring(channel string) *ring {
	r := s.channels[channel]
	if r == nil {
		r = &ring{floor: s.lost}
		s.channels[channel] = r
	}
	return r
}

// Add remembers an entry. Its number must be greater than all before it.
func (s *Store) Add(e Entry, keep Keep) {
	r := s.ring(e.Channel)
	r.keep, r.replays = keep, keep != Keep{}
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
			s.lost = max(s.lost, r.forgotten())
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
	if after < Earliest || after > s.last || after > s.known && after < s.first {
		return dst, false
	}
	start, floor := len(dst), s.floor
	if s.channels[string(pattern)] == nil {
		floor = max(floor, s.lost)
	}
	s.each(pattern, func(_ string, r *ring) {
		floor = max(floor, r.forgotten())
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
func (s *Store) Skip(id int64) { s.last = max(s.last, id) }

// Merge sorts entries by number and drops those that are there twice.
func Merge(entries []Entry) []Entry {
	sort(entries)
	return slices.CompactFunc(entries, func(a, b Entry) bool { return a.ID == b.ID })
}
