package bayeux

// turnList is a list of turns of the pacer, by their links. Turns are counted from
// 1 here, 0 is none.
type turnList struct{ first, last uint32 }

type link struct{ prev, next uint32 }

// Each turn stands in two lists.
const (
	byLot = iota
	bySession
)

// push puts turn i at the end of a list.
func (p *pacer) push(l *turnList, which int, i uint32) {
	p.list.At(i).links[which] = link{prev: l.last}
	if l.last != 0 {
		p.list.At(l.last - 1).links[which].next = i + 1
	} else {
		l.first = i + 1
	}
	l.last = i + 1
}

// cut takes turn i out of a list.
func (p *pacer) cut(l *turnList, which int, i uint32) {
	k := p.list.At(i).links[which]
	if k.prev != 0 {
		p.list.At(k.prev - 1).links[which].next = k.next
	} else {
		l.first = k.next
	}
	if k.next != 0 {
		p.list.At(k.next - 1).links[which].prev = k.prev
	} else {
		l.last = k.prev
	}
}
