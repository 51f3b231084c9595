// Package history remembers what was published to channels with a history or a
// snapshot. It is pure: no clock, no lock, no file.
//
// All channels share one sequence of numbers. A number is therefore a cursor over
// any set of channels: what follows it on any of them has a greater one.
//
// Nothing that a reader or publisher asks for goes through all channels or all
// entries: what a wildcard matches is listed under it.
package history

// The cursors that stand for no event (as Salesforce's replay extension has them).
const (
	Tip      int64 = -1 // only what is published from now on
	Earliest int64 = -2 // all that is remembered
)

// Keep says how much of a channel is remembered. What exceeds either limit goes;
// a zero limit does not apply. Both zero keep the last event alone, for Snapshot:
// such a channel has no history, so that nothing of it counts as forgotten.
type Keep struct {
	Events   int   // number of events
	Age      int64 // milliseconds
	Snapshot bool  // its last event is part of snapshots
	Paced    bool  // its last event may wait for a subscriber's turn: it is also for Late
}

// replays tells whether a channel has a history.
func (k Keep) replays() bool { return k.Events > 0 || k.Age > 0 }

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
	patterns map[string]*node // the wildcards that match one of channels
	all      *node            // the wildcard that matches every channel
	ages     map[int64]*log   // entries that expire, by how long they are kept
	last     int64            // number
	known    int64            // the last number that a run before this one can have given
	first    int64            // the first of this run
	floor    int64            // up to it something is missing that nobody knows
	lost     int64            // the greatest number that channels which are gone have forgotten
	bytes    int
	maxBytes int
	kept     int              // entries of channels with a history
	beside   int64            // the number that Beside gave last
	changed  map[string]int64 // what channels have forgotten since an image was begun; nil: none is
}

// ring is one channel's entries.
type ring struct {
	name    string
	entries log
	nodes   []*node // of the wildcards that match it
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

// New returns a store that keeps at most maxBytes.
func New(maxBytes int) *Store {
	s := &Store{channels: make(map[string]*ring), patterns: make(map[string]*node), ages: make(map[int64]*log), maxBytes: maxBytes}
	s.all = s.node([]byte("/**"))
	s.all.channels++ // it stays
	return s
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
	for _, r := range s.channels {
		if r.entries.count == 0 {
			s.leave(r)
		}
	}
}

// Forget says that of any channel something may be missing up to the number id.
func (s *Store) Forget(id int64) { s.floor = max(s.floor, id) }

// ForgetOf says that a channel has forgotten its events up to the number id.
func (s *Store) ForgetOf(channel string, id int64) {
	r := s.ring(channel)
	r.replays = true
	for e := r.entries.first(); e != nil && e.ID <= id; e = r.entries.first() {
		s.unlink(r, e)
	}
	r.forget(id)
}

// ForgetGone is ForgetOf for all channels of which nothing is remembered.
func (s *Store) ForgetGone(id int64) { s.lost = max(s.lost, id) }

// ForgetUnlisted says that before the number id any channel may have had events
// which are not among those that are remembered.
func (s *Store) ForgetUnlisted(id int64) {
	for _, r := range s.channels {
		if e := r.entries.first(); e != nil {
			r.forget(e.ID - 1)
		}
	}
	s.ForgetGone(id)
}

// Last is the number given last; 0 none.
func (s *Store) Last() int64 { return s.last }

// Bytes is what the entries take, about.
func (s *Store) Bytes() int { return s.bytes }

// Len is the number of entries.
func (s *Store) Len() int { return s.all.entries.count }

// Kept is the number of entries that an Image has.
func (s *Store) Kept() int { return s.kept }

// Has tells whether anything of a channel is remembered.
func (s *Store) Has(channel string) bool {
	r := s.channels[channel]
	return r != nil && r.entries.count > 0
}

// Next returns the number for the next event.
func (s *Store) Next() int64 { return s.last + 1 }

// Skip gives the number id, to an event that is not remembered or is Added later.
func (s *Store) Skip(id int64) { s.last = max(s.last, id) }

// Add remembers an entry. Its number must be greater than those of its channel before, or else these go: new rules have
// the channel's numbers given by somebody else.
func (s *Store) Add(e Entry, keep Keep) {
	r := s.ring(e.Channel)
	if r.entries.count > 0 && r.keep != keep {
		s.rekeep(r, keep, e.At)
		r = s.ring(e.Channel)
	}
	if newest := r.entries.latest(); newest != nil && newest.ID >= e.ID {
		s.drop(r)
	}
	if before := r.entries.latest(); before != nil {
		r.unlist(before)
	}
	r.keep, r.replays = keep, keep.replays()
	s.last = max(s.last, e.ID)
	s.link(r, &e)
	s.trim(r, e.At)
	s.shrink()
}

// atOnce is how many entries are forgotten at most where an event is added: what is
// beyond that goes with the next ones, or with Expire.
const atOnce = 1000

// trim forgets what its channel's limits no longer allow.
func (s *Store) trim(r *ring, now int64) {
	most := r.entries.count
	switch {
	case !r.keep.replays():
		most = 1
	case r.keep.Events > 0:
		most = r.keep.Events
	}
	for range atOnce {
		e := r.entries.first()
		if e == nil || r.entries.count <= most && !(r.keep.Age > 0 && e.At <= now-r.keep.Age) {
			return
		}
		s.forget(r, e)
	}
}

// shrink keeps the total.
func (s *Store) shrink() { s.Shrink(s.maxBytes) }

// Shrink forgets the oldest entries, some at once, as long as all take more than so
// many bytes. More tells that it has to be called again.
func (s *Store) Shrink(bytes int) (more bool) {
	for n := 0; n < atOnce && s.bytes > bytes && s.all.entries.count > 0; n++ {
		r := s.channels[s.oldest().Channel]
		s.forget(r, r.entries.first())
	}
	return s.bytes > bytes && s.all.entries.count > 0
}

// Expire forgets what has become too old, at most so many entries of each age. More
// tells that it has to be called again. What stands behind an entry of a run whose clock
// was ahead waits for that.
func (s *Store) Expire(now int64, most int) (more bool) {
	for age, l := range s.ages {
		n := 0
		for e := l.first(); e != nil && e.At <= now-age; e = l.first() {
			if n == most {
				more = true
				break
			}
			s.forget(s.channels[e.Channel], e)
			n++
		}
		if l.count == 0 {
			delete(s.ages, age)
		}
	}
	s.shrink()
	return more || s.bytes > s.maxBytes
}
