// Proved by TestFanoutAgainstModel and TestBearers.

package fanout

// pauseList is a list of pauses, by their links. Pauses are counted from 1 here, 0 is none.
type pauseList struct{ first, last uint32 }

type link struct{ prev, next uint32 }

// Each pause stands in two lists.
const (
	byKey = iota
	bySession
)

// push puts pause i at the end of a list.
func (p *pauses) push(l *pauseList, which int, i uint32) {
	p.At(i).links[which] = link{prev: l.last}
	if l.last != 0 {
		p.At(l.last - 1).links[which].next = i + 1
	} else {
		l.first = i + 1
	}
	l.last = i + 1
}

// cut takes pause i out of a list.
func (p *pauses) cut(l *pauseList, which int, i uint32) {
	k := p.At(i).links[which]
	if k.prev != 0 {
		p.At(k.prev - 1).links[which].next = k.next
	} else {
		l.first = k.next
	}
	if k.next != 0 {
		p.At(k.next - 1).links[which].prev = k.prev
	} else {
		l.last = k.prev
	}
}
