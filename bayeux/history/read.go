package history

import (
	"cmp"
	"slices"

	"halley/bayeux/channel"
)

// Part bounds what is taken at once: so many entries, with so many bytes of events.
type Part struct{ Messages, Bytes int }

// take tells whether one more event of that size fits, and takes its room.
func (p *Part) take(size int) bool {
	if p.Messages <= 0 || p.Bytes < size {
		return false
	}
	p.Messages--
	p.Bytes -= size
	return true
}

// lists are what is listed of a pattern's channels: all entries, the last ones, and
// of those the ones that are for Late. Floor is what their histories have forgotten.
func (s *Store) lists(pattern []byte) (all, latest, late *log, floor int64) {
	if channel.IsWildcard(pattern) { // a channel may well have that name
		if n := s.patterns[string(pattern)]; n != nil {
			return &n.entries, &n.latest, &n.late, max(n.floor, s.lost)
		}
		return nil, nil, nil, s.lost
	}
	r := s.channels[string(pattern)]
	if r == nil {
		return nil, nil, nil, s.lost
	}
	return &r.entries, r.last(r.keep.Snapshot), r.last(r.keep.Snapshot && r.keep.Paced), r.forgotten()
}

// last is a log of r's last entry alone, if it is wanted.
func (r *ring) last(wanted bool) *log {
	e := r.entries.latest()
	if !wanted || e == nil {
		return nil
	}
	return &log{blocks: [][]ref{{{e.ID, e}}}, count: 1}
}

// Valid tells whether all that followed the cursor after on the channels that
// pattern matches is remembered. It is not if after is no number that this store has
// given.
func (s *Store) Valid(pattern []byte, after int64) bool {
	switch {
	case after == Tip, after == Earliest:
		return true
	case after < Earliest || after > s.last || s.beside > 0 && after <= s.beside || after > s.known && after < s.first:
		return false
	}
	_, _, _, floor := s.lists(pattern)
	return max(floor, s.floor) <= after
}

// Snapshot appends the last entries of channels with a snapshot that pattern
// matches, by number: the newest that fit into part, or one, which is left with what they
// leave. Cut tells that there are more.
func (s *Store) Snapshot(dst []Entry, pattern []byte, part *Part) (_ []Entry, cut bool) {
	_, latest, _, _ := s.lists(pattern)
	return newest(dst, latest, s.last, part)
}

// Late is Snapshot of paced channels alone, and of entries up to a number.
func (s *Store) Late(dst []Entry, pattern []byte, upto int64, part *Part) (_ []Entry, cut bool) {
	_, _, late, _ := s.lists(pattern)
	return newest(dst, late, upto, part)
}

func newest(dst []Entry, l *log, upto int64, part *Part) (_ []Entry, cut bool) {
	if l == nil {
		return dst, false
	}
	start := len(dst)
	for p, more := l.after(upto).before(); more; p, more = p.before() {
		ref, _ := p.ref()
		if cut = !part.take(len(ref.entry.Event)) && len(dst) > 0; cut {
			break
		}
		dst = append(dst, *ref.entry)
	}
	slices.Reverse(dst[start:])
	return dst, cut
}

// Reading is what follows several cursors, read together. It is good until its store
// changes.
type Reading struct {
	heads []place // a heap by number, once Page is called
}

// Follow adds what follows the cursor after on the channels that pattern matches.
func (s *Store) Follow(r *Reading, pattern []byte, after int64) {
	all, _, _, _ := s.lists(pattern)
	if after == Tip || all == nil {
		return
	}
	if p := all.after(after); p.block < len(all.blocks) {
		r.heads = append(r.heads, p)
	}
}

// Page appends to page, which is empty, the first of what is read, by number and each
// once: as much as part says, but one entry at least. Upto is the number where it ends
// before the end, else 0.
func (r *Reading) Page(page []Entry, part Part) (_ []Entry, upto int64) {
	for i := len(r.heads)/2 - 1; i >= 0; i-- {
		r.sink(i)
	}
	for len(r.heads) > 0 {
		ref, _ := r.heads[0].ref()
		if n := len(page); n == 0 || page[n-1].ID != ref.id { // else another pattern had it
			part.Messages--
			part.Bytes -= len(ref.entry.Event)
			if n > 0 && (part.Messages < 0 || part.Bytes < 0) {
				return page, page[n-1].ID
			}
			page = append(page, *ref.entry)
		}
		r.advance()
	}
	return page, 0
}

// advance moves the first head on, or drops it at its end.
func (r *Reading) advance() {
	next := r.heads[0].next()
	if _, more := next.ref(); !more {
		last := len(r.heads) - 1
		next, r.heads = r.heads[last], r.heads[:last]
	}
	if len(r.heads) > 0 {
		r.heads[0] = next
		r.sink(0)
	}
}

// sink moves head i down to where none below it has a smaller number.
func (r *Reading) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(r.heads); child++ {
			if r.id(child) < r.id(least) {
				least = child
			}
		}
		if least == i {
			return
		}
		r.heads[i], r.heads[least] = r.heads[least], r.heads[i]
		i = least
	}
}

func (r *Reading) id(i int) int64 {
	ref, _ := r.heads[i].ref()
	return ref.id
}

// Merge sorts entries by number and drops those that are there twice.
func Merge(entries []Entry) []Entry {
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(entries, func(a, b Entry) bool { return a.ID == b.ID })
}
