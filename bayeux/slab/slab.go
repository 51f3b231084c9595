// Package slab keeps many records of one type in chunks: a record never moves, a
// slot is used again under a new generation, and chunks that are empty can be
// given back. A List is the simpler kind: records by number, in one slice.
package slab

const chunkSize = 256

// Slab holds records of type T by slot. The zero value is empty and ready.
type Slab[T any] struct {
	chunks []*chunk[T] // nil where one was given back
	free   []uint32    // slots of the chunks there are
	count  int
	// first is the generation of new chunks' slots: above all that were used in
	// chunks given back, so that stale addresses miss.
	first uint32
}

type chunk[T any] struct {
	items [chunkSize]T
	gens  [chunkSize]uint32
	live  [chunkSize]bool
	count int
}

// Begin has generations begin at first, of a slab that has had no record yet.
func (s *Slab[T]) Begin(first uint32) { s.first = first }

// Len is the number of records.
func (s *Slab[T]) Len() int { return s.count }

// Take returns a blank record with its slot and generation.
func (s *Slab[T]) Take() (item *T, slot, gen uint32) {
	if len(s.free) == 0 {
		s.grow()
	}
	slot = s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	c, i := s.chunks[slot/chunkSize], slot%chunkSize
	c.live[i] = true
	c.count++
	s.count++
	return &c.items[i], slot, c.gens[i]
}

// grow makes a chunk, in the place of one that was given back if there is one.
func (s *Slab[T]) grow() {
	c := new(chunk[T])
	for i := range c.gens {
		c.gens[i] = s.first
	}
	place := len(s.chunks)
	for i := range s.chunks {
		if s.chunks[i] == nil {
			place = i
			break
		}
	}
	if place == len(s.chunks) {
		s.chunks = append(s.chunks, nil)
	}
	s.chunks[place] = c
	for i := chunkSize - 1; i >= 0; i-- {
		s.free = append(s.free, uint32(place*chunkSize+i))
	}
}

// At returns the record of a slot that is in use.
func (s *Slab[T]) At(slot uint32) *T { return &s.chunks[slot/chunkSize].items[slot%chunkSize] }

// Gen is the generation of a slot that is in use.
func (s *Slab[T]) Gen(slot uint32) uint32 { return s.chunks[slot/chunkSize].gens[slot%chunkSize] }

// Find returns the record of a slot and generation, nil if it is gone.
func (s *Slab[T]) Find(slot, gen uint32) *T {
	if int(slot/chunkSize) >= len(s.chunks) {
		return nil
	}
	c, i := s.chunks[slot/chunkSize], slot%chunkSize
	if c == nil || !c.live[i] || c.gens[i] != gen {
		return nil
	}
	return &c.items[i]
}

// Release blanks a record and frees its slot.
func (s *Slab[T]) Release(slot uint32) {
	c, i := s.chunks[slot/chunkSize], slot%chunkSize
	var blank T
	c.items[i] = blank
	c.live[i] = false
	c.gens[i]++
	c.count--
	s.count--
	s.free = append(s.free, slot)
}

// Each calls visit with every record, by slot, until it returns false.
func (s *Slab[T]) Each(visit func(slot uint32, item *T) bool) { s.From(0, visit) }

// From is Each for the records from a slot on, and tells whether visit has had them all.
// It does not look at those before.
func (s *Slab[T]) From(slot uint32, visit func(slot uint32, item *T) bool) (all bool) {
	first := int(slot % chunkSize)
	for n := int(slot / chunkSize); n < len(s.chunks); n++ {
		if c := s.chunks[n]; c != nil && c.count > 0 {
			for i := first; i < chunkSize; i++ {
				if c.live[i] && !visit(uint32(n*chunkSize+i), &c.items[i]) {
					return false
				}
			}
		}
		first = 0
	}
	return true
}

// Trim gives empty chunks back.
func (s *Slab[T]) Trim() {
	for n, c := range s.chunks {
		if c == nil || c.count > 0 {
			continue
		}
		for _, gen := range c.gens {
			s.first = max(s.first, gen+1)
		}
		s.chunks[n] = nil
	}
	for len(s.chunks) > 0 && s.chunks[len(s.chunks)-1] == nil {
		s.chunks = s.chunks[:len(s.chunks)-1]
	}
	var kept []uint32
	for _, slot := range s.free {
		if int(slot/chunkSize) < len(s.chunks) && s.chunks[slot/chunkSize] != nil {
			kept = append(kept, slot)
		}
	}
	s.free = kept
}
