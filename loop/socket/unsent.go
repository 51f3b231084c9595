package socket

import "fmt"

// Unsent knows the order in which bytes have been written to a Socket and leave it, by two offsets from the first byte that
// had to wait:
//
//	0 ≤ left ≤ written
//
// and the marks of those who wait for bytes to leave, in ascending order up to written. Both are of plaintext, so that it does
// not matter how many bytes go over the wire. T is what a mark stands for. The zero value has seen nothing written.
type Unsent[T any] struct {
	written int // bytes handed to the Socket
	left    int // of them, bytes that have left it
	marks   []mark[T]
}

// mark has its turn when all bytes before end have left.
type mark[T any] struct {
	end   int
	value T
}

// Wrote notes that n more bytes were written.
func (u *Unsent[T]) Wrote(n int) { u.written += n }

// Mark puts value behind all that has been written so far.
func (u *Unsent[T]) Mark(value T) { u.marks = append(u.marks, mark[T]{u.written, value}) }

// Settle notes that so many bytes are still unsent, and tells whether any have left since the last time.
func (u *Unsent[T]) Settle(unsent int) (moved bool) {
	left := u.written - unsent
	moved = left > u.left
	u.left = max(u.left, left)
	return moved
}

// Next gives the first mark of which all bytes have left, and removes it.
func (u *Unsent[T]) Next() (value T, ok bool) {
	if len(u.marks) == 0 || u.marks[0].end > u.left {
		return value, false
	}
	value = u.marks[0].value
	u.marks = u.marks[1:]
	return value, true
}

// Each gives the marks that are left, in order, until yield returns false.
func (u *Unsent[T]) Each(yield func(*T) bool) {
	for i := range u.marks {
		if !yield(&u.marks[i].value) {
			return
		}
	}
}

// Len is how many marks are left.
func (u *Unsent[T]) Len() int { return len(u.marks) }

// invariants tells what is wrong with the order of the offsets, nil if nothing is.
func (u *Unsent[T]) invariants() error {
	if u.left < 0 || u.left > u.written {
		return fmt.Errorf("%d bytes of %d have left", u.left, u.written)
	}
	before := 0
	for i, m := range u.marks {
		if m.end < before || m.end > u.written {
			return fmt.Errorf("mark %d ends at %d, between %d and %d", i, m.end, before, u.written)
		}
		before = m.end
	}
	return nil
}
