// Proved by TestSnapshots.

package history

// Snapshots are entries of channels without a history, which an Image leaves out: at most so many of those with a number
// above from. It tells where it goes on, and whether there are more.
func (s *Store) Snapshots(from int64, most int) (entries []Entry, upto int64, more bool) {
	upto = from
	for p := s.all.entries.after(from); most > 0; most-- {
		ref, ok := p.ref()
		if !ok {
			return entries, upto, false
		}
		if upto = ref.id; !s.channels[ref.entry.Channel].replays {
			entries = append(entries, *ref.entry)
		}
		p = p.next()
	}
	return entries, upto, true
}
