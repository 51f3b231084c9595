// Proved by TestPlacesAgainstMap and TestTableBehavesAsItsModel.

package channel

import (
	"math/bits"

	"halley/bayeux/slab"
)

// slots is a table with open addresses of numbers other than 0, in which a number is found by the hash of what it stands for. It knows
// no keys: its user tells by a number what that is. Slots of one hash follow each other. It grows by a quarter only, so that few slots
// are free, and the hash is scaled to their number, which need not be a power of two.
type slots struct {
	of   []uint32 // 0: empty
	used int
}

// parts are slots by the first bits of the hash, so that none takes long to grow.
type parts [256]slots

func (p *parts) part(hash uint32) *slots { return &p[hash>>24] }

// bytes is what the slots take.
func (p *parts) bytes() (n int) {
	for i := range p {
		n += 4 * len(p[i].of)
	}
	return n
}

// home is the slot of a hash, unless others have taken it.
func (s *slots) home(hash uint32) int {
	high, _ := bits.Mul32(hash<<8, uint32(len(s.of)))
	return int(high)
}

func (s *slots) ring() slab.Ring { return slab.Ring(len(s.of)) }

func (s *slots) after(slot int) int { return s.ring().After(slot) }

// hashing tells the hash of a number.
type hashing interface{ hashOf(number uint32) uint32 }

// enter puts in a number that is not there.
func (s *slots) enter(number uint32, h hashing) {
	if s.used++; s.used > len(s.of)/4*3 {
		s.widen(h)
	}
	s.put(number, h.hashOf(number))
}

func (s *slots) put(number, hash uint32) {
	i := s.home(hash)
	for s.of[i] != 0 {
		i = s.after(i)
	}
	s.of[i] = number
}

func (s *slots) widen(h hashing) {
	old := s.of
	s.of = make([]uint32, len(old)+max(len(old)/16*4, 4)) // a multiple of 4
	for _, number := range old {
		if number != 0 {
			s.put(number, h.hashOf(number))
		}
	}
}

// empty empties a slot. What has been pushed on by it moves back.
func (s *slots) empty(hole int, h hashing) {
	s.of[hole] = 0
	s.used--
	for i := s.after(hole); s.of[i] != 0; i = s.after(i) {
		if pushed := s.ring().Way(s.home(h.hashOf(s.of[i])), i); pushed >= s.ring().Way(hole, i) {
			s.of[hole], s.of[i] = s.of[i], 0
			hole = i
		}
	}
}
