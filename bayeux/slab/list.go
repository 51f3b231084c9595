package slab

// List holds records of type T by number, from 0 on. A number is used again once its
// record was released; the memory stays. Unlike a Slab it moves its records when it grows,
// and knows no generations: who has a number also knows that its record is still there.
// The zero value is empty and ready.
type List[T any] struct {
	items []T
	free  []uint32
}

// Take returns the number of a record and makes it item.
func (l *List[T]) Take(item T) uint32 {
	if n := len(l.free); n > 0 {
		i := l.free[n-1]
		l.free = l.free[:n-1]
		l.items[i] = item
		return i
	}
	l.items = append(l.items, item)
	return uint32(len(l.items) - 1)
}

// At returns the record of a number. The pointer is valid until the next Take.
func (l *List[T]) At(i uint32) *T { return &l.items[i] }

// Release blanks a record, whose number can be taken again.
func (l *List[T]) Release(i uint32) {
	var blank T
	l.items[i] = blank
	l.free = append(l.free, i)
}

// Size is above all numbers that were ever taken.
func (l *List[T]) Size() int { return len(l.items) }

// Room is how many records there is memory for.
func (l *List[T]) Room() int { return cap(l.items) }

// Len is the number of records that were taken and not released.
func (l *List[T]) Len() int { return len(l.items) - len(l.free) }
