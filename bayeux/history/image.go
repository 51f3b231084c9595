package history

// Image is what a store knows of its channels with a history. A store that is told
// all of it, in this order, answers each Replay as the one that it is of.
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

// Image returns what s knows now.
func (s *Store) Image() Image {
	i := Image{Last: s.last, Floor: s.floor, Gone: s.lost}
	for name, r := range s.channels {
		if !r.replays {
			continue
		}
		if r.floor > 0 {
			i.Floors = append(i.Floors, Floor{name, r.floor})
		}
		i.Entries = append(i.Entries, r.entries.live()...)
	}
	sort(i.Entries)
	return i
}

// Kept is the number of entries that an Image has.
func (s *Store) Kept() (n int) {
	for _, r := range s.channels {
		if r.replays {
			n += r.entries.len()
		}
	}
	return n
}
