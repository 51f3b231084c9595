package slab

// Pages holds records of type T by number, from 0 on, like a List. Records never move and are not copied when there are more of them, so
// there is no room beyond the last page's, and none beside the records: a free one is the link to the next free one. The memory stays.
// The zero value is empty and ready.
type Pages[T any, P Linked[T]] struct {
	pages []*[pageRecords]T
	size  uint32 // above all numbers that were ever taken
	free  uint32 // the first free record, counted from 1; 0 none
	used  int
}

// Linked is a record with a number that may be anything while the record is free.
type Linked[T any] interface {
	*T
	Link() *uint32
}

const pageRecords = 512

// Take returns the number of a record and makes it item.
func (p *Pages[T, P]) Take(item T) uint32 {
	p.used++
	if p.free != 0 {
		i := p.free - 1
		at := p.At(i)
		p.free = *P(at).Link()
		*at = item
		return i
	}
	i := p.size
	if int(i/pageRecords) == len(p.pages) {
		p.pages = append(p.pages, new([pageRecords]T))
	}
	p.size++
	*p.At(i) = item
	return i
}

// At returns the record of a number.
func (p *Pages[T, P]) At(i uint32) *T { return &p.pages[i/pageRecords][i%pageRecords] }

// Release blanks a record, but for its link, whose number can be taken again.
func (p *Pages[T, P]) Release(i uint32) {
	var blank T
	at := p.At(i)
	*at = blank
	*P(at).Link() = p.free
	p.free = i + 1
	p.used--
}

// Size is above all numbers that were ever taken.
func (p *Pages[T, P]) Size() int { return int(p.size) }

// Len is the number of records that were taken and not released.
func (p *Pages[T, P]) Len() int { return p.used }

// Room is how many records there is memory for.
func (p *Pages[T, P]) Room() int { return len(p.pages) * pageRecords }
