package slab

// Chunks holds records of type T by number, from 0 on, like a List. A record never moves,
// and memory goes back when a chunk is empty, but for SpareChunks. So a great many records
// that come and go cost no copies, and leave little memory behind. The zero value is empty
// and ready.
type Chunks[T any] struct {
	places []place[T]
	open   []uint32 // places that may have a free record, each once
	vacant []uint32 // places without a chunk, which are not open
	empty  int      // chunks without a record
	held   int      // chunks that there are
}

const (
	// ChunkRecords is how many records a chunk has room for.
	ChunkRecords = 512
	// SpareChunks is how many empty chunks are kept: what comes and goes ten times a
	// second takes no memory each time.
	SpareChunks = 8
)

// place is where a chunk stands: the numbers of its records go by it.
type place[T any] struct {
	body *body[T] // nil at a vacant place, or at one that is still open
	free uint16   // the first free record, counted from 1; 0 none
	used uint16
	open bool // it stands in Chunks.open
}

type body[T any] struct {
	items [ChunkRecords]T
	next  [ChunkRecords]uint16 // of a free record: the next free one, counted from 1
}

// At returns the record of a number.
func (c *Chunks[T]) At(i uint32) *T { return &c.places[i/ChunkRecords].body.items[i%ChunkRecords] }

// Held is the number of records that there is memory for, used or not.
func (c *Chunks[T]) Held() int { return c.held * ChunkRecords }

// Take returns the number of a record and makes it item.
func (c *Chunks[T]) Take(item T) uint32 {
	at := c.room()
	p := &c.places[at]
	i := p.free - 1
	p.free = p.body.next[i]
	p.body.items[i] = item
	if p.used++; p.used == 1 {
		c.empty--
	}
	return at*ChunkRecords + uint32(i)
}

// room returns a place with a free record.
func (c *Chunks[T]) room() uint32 {
	for len(c.open) > 0 {
		at := c.open[len(c.open)-1]
		p := &c.places[at]
		if p.free != 0 {
			return at
		}
		c.open = c.open[:len(c.open)-1]
		if p.open = false; p.body == nil {
			c.vacant = append(c.vacant, at)
		}
	}
	return c.extend()
}

// extend makes a chunk and returns its place.
func (c *Chunks[T]) extend() uint32 {
	at := uint32(len(c.places))
	if last := len(c.vacant) - 1; last >= 0 {
		at, c.vacant = c.vacant[last], c.vacant[:last]
	} else {
		c.places = append(c.places, place[T]{})
	}
	b := new(body[T])
	for i := range uint16(ChunkRecords - 1) {
		b.next[i] = i + 2
	}
	c.places[at] = place[T]{body: b, free: 1, open: true}
	c.open = append(c.open, at)
	c.empty++
	c.held++
	return at
}

// Release blanks a record, whose number can be taken again. If its chunk is empty then and
// there are enough empty ones, it goes.
func (c *Chunks[T]) Release(i uint32) {
	at, k := i/ChunkRecords, uint16(i%ChunkRecords)
	p := &c.places[at]
	var blank T
	p.body.items[k] = blank
	p.body.next[k] = p.free
	p.free = k + 1
	if !p.open {
		p.open = true
		c.open = append(c.open, at)
	}
	switch p.used--; {
	case p.used > 0:
	case c.empty >= SpareChunks:
		p.body, p.free = nil, 0
		c.held--
	default:
		c.empty++
	}
}
