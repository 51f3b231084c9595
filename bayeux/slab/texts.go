package slab

import "encoding/binary"

// Texts holds short texts by number, from 1 on. A text stands in a place of a multiple of 8 bytes on a page of such places, with a byte
// for its length before it, and no pointer, header or room of the allocator's. A free place has the number of the next one. The memory
// of short texts stays, and is used again by texts that fit the same places. The zero value is empty and ready.
type Texts struct {
	sizes [textSizes]textPages
	long  List[string]
	held  int // bytes of long ones
}

const (
	textSizes = 8         // places of 8, 16, … 64 bytes
	textKinds = 2 * 8     // by which a number tells its size; the rest are long
	textStep  = 8         // bytes by which sizes differ
	longText  = textSizes // the kind of texts that no place is large enough for
)

// textPages are the places of one size.
type textPages struct {
	pages [][]byte
	count uint32 // of places that were ever taken
	free  uint32 // the first free one, counted from 1
}

// place is the bytes of a place.
func (t *textPages) place(i uint32, size int) []byte {
	at := int(i%pageRecords) * size
	return t.pages[i/pageRecords][at : at+size]
}

// take returns the number of a free place.
func (t *textPages) take(size int) uint32 {
	if t.free != 0 {
		i := t.free - 1
		t.free = binary.NativeEndian.Uint32(t.place(i, size))
		return i
	}
	if int(t.count/pageRecords) == len(t.pages) {
		t.pages = append(t.pages, make([]byte, pageRecords*size))
	}
	t.count++
	return t.count - 1
}

// Add keeps a copy of text and returns its number.
func (t *Texts) Add(text []byte) uint32 {
	kind := len(text) / textStep // with the byte of its length
	if kind >= textSizes {
		t.held += len(text)
		return t.long.Take(string(text))*textKinds + longText + 1
	}
	size := (kind + 1) * textStep
	i := t.sizes[kind].take(size)
	place := t.sizes[kind].place(i, size)
	place[0] = byte(len(text))
	copy(place[1:], text)
	return i*textKinds + uint32(kind) + 1
}

// Append appends the text of a number to dst.
func (t *Texts) Append(dst []byte, number uint32) []byte {
	if kind := int((number - 1) % textKinds); kind != longText {
		return append(dst, t.short(number, kind)...)
	}
	return append(dst, *t.long.At((number - 1) / textKinds)...)
}

// Is tells whether a number's text is head and tail.
func (t *Texts) Is(number uint32, head, tail []byte) bool {
	if kind := int((number - 1) % textKinds); kind != longText {
		text := t.short(number, kind)
		return len(text) == len(head)+len(tail) && string(text[:len(head)]) == string(head) && string(text[len(head):]) == string(tail)
	}
	text := *t.long.At((number - 1) / textKinds)
	return len(text) == len(head)+len(tail) && text[:len(head)] == string(head) && text[len(head):] == string(tail)
}

func (t *Texts) short(number uint32, kind int) []byte {
	place := t.sizes[kind].place((number-1)/textKinds, (kind+1)*textStep)
	return place[1 : 1+place[0]]
}

// Remove forgets a text, whose number can be given again.
func (t *Texts) Remove(number uint32) {
	kind, i := int((number-1)%textKinds), (number-1)/textKinds
	if kind == longText {
		t.held -= len(*t.long.At(i))
		t.long.Release(i)
		return
	}
	p := &t.sizes[kind]
	binary.NativeEndian.PutUint32(p.place(i, (kind+1)*textStep), p.free)
	p.free = i + 1
}

// Bytes is what all places and long texts take.
func (t *Texts) Bytes() int {
	n := t.held
	for kind := range t.sizes {
		n += len(t.sizes[kind].pages) * pageRecords * (kind + 1) * textStep
	}
	return n
}
