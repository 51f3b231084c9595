// Proved by TestImage, TestNoSilentGap and TestSnapshots.

package history

// Image is a part of what a store knows of its channels with a history. A store that
// is told all parts, each in this order, answers each reader as the one that they
// are of.
type Image struct {
	Floor   int64   // for Forget
	Floors  []Floor // for ForgetOf
	Entries []Entry // for Add, by number
	Gone    int64   // for ForgetGone
	Last    int64   // for Skip: the number given last
}

// Floor is the greatest number that a channel has forgotten.
type Floor struct {
	Channel string // its name
	ID      int64  // the number
}

// Imaging takes an image part by part, while the store goes on. A store has one at a
// time.
type Imaging struct {
	store    *Store
	at, upto int64 // the numbers up to which it is taken, and is to be
}

// Image begins an image of s, with the entries up to a number.
func (s *Store) Image(upto int64) *Imaging {
	s.changed = make(map[string]int64)
	return &Imaging{store: s, upto: upto}
}

// Next is the next part, of at most so many entries. More is false if there is none.
func (i *Imaging) Next(most int) (part Image, more bool) {
	s := i.store
	part.Floor = s.floor
	p := s.all.entries.after(i.at)
	for range most {
		ref, ok := p.ref()
		if !ok || ref.id > i.upto {
			break
		}
		more, i.at = true, ref.id
		if r := s.channels[ref.entry.Channel]; r.replays {
			if r.floor > 0 && r.entries.first() == ref.entry {
				part.Floors = append(part.Floors, Floor{r.name, r.floor})
			}
			part.Entries = append(part.Entries, *ref.entry)
		}
		p = p.next()
	}
	return part, more
}

// End is the last part: what was forgotten while the others were taken, too.
func (i *Imaging) End() Image {
	s := i.store
	part := Image{Floor: s.floor, Gone: s.lost, Last: s.last}
	for name, id := range s.changed {
		part.Floors = append(part.Floors, Floor{name, id})
	}
	s.changed = nil
	return part
}

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
