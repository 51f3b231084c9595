package interest

import "math/bits"

// MaxLoops is how many loops there may be: gnet's limit of event loops.
const MaxLoops = 256

// Loops is a set of loop numbers. The zero value is empty.
type Loops [MaxLoops / 64]uint64

// Add puts a loop into the set.
func (s *Loops) Add(loop uint16) { s[loop/64] |= 1 << (loop % 64) }

// Remove takes a loop out of the set.
func (s *Loops) Remove(loop uint16) { s[loop/64] &^= 1 << (loop % 64) }

// Empty tells whether no loop is in the set.
func (s *Loops) Empty() bool { return *s == Loops{} }

// only is the one loop of a set that has no other.
func (s *Loops) only() (loop uint16, alone bool) {
	n := 0
	for i, word := range s {
		if n += bits.OnesCount64(word); word != 0 {
			loop = uint16(i*64 + bits.TrailingZeros64(word))
		}
	}
	return loop, n == 1
}

func (s *Loops) union(other *Loops) {
	for i := range s {
		s[i] |= other[i]
	}
}

// Each calls visit for every loop of the set, in order.
func (s *Loops) Each(visit func(loop uint16)) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			visit(uint16(i*64 + bits.TrailingZeros64(word)))
		}
	}
}
