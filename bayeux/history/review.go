package history

// Reviewed is what a part of a review came to.
type Reviewed struct {
	Upto    int64 // the number where the next part goes on
	Dropped int   // entries
	More    bool  // it is not over
}

// Review has the channels keep what they are to keep from now on; not at all where kept is false. It looks at most at so
// many entries above a number, and at all of a channel that keeps something else than before.
func (s *Store) Review(from int64, most int, now int64, keep func(channel string) (k Keep, kept bool)) Reviewed {
	v, before := Reviewed{Upto: from}, s.Len()
	for range most {
		ref, ok := s.all.entries.after(v.Upto).ref()
		if !ok {
			v.Dropped = before - s.Len()
			return v
		}
		v.Upto = ref.id
		r := s.channels[ref.entry.Channel]
		switch k, kept := keep(r.name); {
		case !kept:
			s.forget(r, ref.entry) // the first one: those before have gone so
		case k != r.keep:
			s.rekeep(r, k, now)
		}
	}
	v.Dropped, v.More = before-s.Len(), true
	return v
}

// rekeep has a channel keep something else than before. What it had before it loses its history counts as forgotten for
// ever, even if it gets one again.
func (s *Store) rekeep(r *ring, keep Keep, now int64) {
	entries := make([]*Entry, 0, r.entries.count)
	for e := r.entries.first(); e != nil; e = r.entries.first() {
		s.unlink(r, e)
		entries = append(entries, e)
	}
	if r.replays && !keep.replays() {
		s.ForgetGone(max(r.floor, entries[len(entries)-1].ID))
	}
	r.keep, r.replays = keep, keep.replays()
	r.forget(r.floor)
	for i, e := range entries {
		if i > 0 {
			r.unlist(entries[i-1])
		}
		s.link(r, e)
	}
	for left := -1; left != r.entries.count && r.entries.count > 0; {
		left = r.entries.count
		s.trim(r, now)
	}
}
