// Proved by TestOldestGoes, TestBesideIsBelowAll, TestNewOrder and TestBesideAgainstHistory.

package history

// A node of a cluster gets the numbers of events with a history from elsewhere. It has to place events of other channels
// among them, and cannot take a number that somebody else gives.

// Beside returns a number for an event of a channel without a history, where the numbers of those with one are given
// elsewhere. It is below all of these, so that it takes the place of none, and whoever goes on from a cursor gets that
// event too: its channel must be kept as Paced.
func (s *Store) Beside() int64 {
	s.beside++
	return s.beside
}

// oldest is the entry that goes first, of a store that has some. Numbers from Beside and others do not tell which is older.
func (s *Store) oldest() *Entry {
	first := s.all.entries.first()
	if s.beside == 0 {
		return first
	}
	if ref, ok := s.all.entries.after(s.beside).ref(); ok && ref.entry.At < first.At {
		return ref.entry
	}
	return first
}

// earliest is the cursor that stands for Earliest: numbers from Beside are no part of a history.
func (s *Store) earliest() int64 {
	if s.beside == 0 {
		return Earliest
	}
	return max(s.beside, s.floor)
}

// Renew says that numbers are given from first on by an order that has nothing to do with the one before: all cursors into
// that are refused. What is remembered of it goes by ForgetBelow.
func (s *Store) Renew(first int64) {
	s.last = max(s.last, first-1)
	s.Forget(s.last)
}

// ForgetBelow drops entries of channels with a history up to the number id, at most so many. More tells that it has to be
// called again.
func (s *Store) ForgetBelow(id int64, most int) (more bool) {
	for p := s.all.entries.after(s.beside); most > 0; most-- {
		ref, ok := p.ref()
		if !ok || ref.id > id {
			return false
		}
		r := s.channels[ref.entry.Channel]
		for e := r.entries.first(); e != nil && e.ID <= ref.id; e = r.entries.first() {
			s.forget(r, e)
		}
		p = s.all.entries.after(s.beside)
	}
	return true
}

// drop drops all entries of a channel, and keeps the channel.
func (s *Store) drop(r *ring) {
	for e := r.entries.first(); e != nil; e = r.entries.first() {
		s.unlink(r, e)
		r.forget(e.ID)
	}
}
