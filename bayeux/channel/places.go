// Proved by TestPlacesAgainstMap and TestTableBehavesAsItsModel.

package channel

import "hash/maphash"

// places finds the records of subscribers with many subscriptions. A record is known by the one before it in its subscriber's list,
// which takes 4 bytes and is all that a removal needs; the first of a list is found without. The records tell the rest: whose they
// are, and of which pattern. So this is a table of record numbers with open addresses, in parts, so that none takes long to grow.
type places struct {
	seed  maphash.Seed
	parts [256]part
}

// part is the records whose hash begins with the part's number.
type part struct {
	slots []uint32 // the record before the one that is found; 0: empty
	used  int
}

func newPlaces() *places { return &places{seed: maphash.MakeSeed()} }

// of is the part of a subscriber on a node, and its hash.
func (p *places) of(m membership) (*part, uint64) {
	hash := maphash.Comparable(p.seed, m)
	return &p.parts[hash>>56], hash
}

// bytes is what the slots take.
func (p *places) bytes() (n int) {
	for i := range p.parts {
		n += 4 * len(p.parts[i].slots)
	}
	return n
}

// home is the slot of a hash, unless others have taken it.
func (p *part) home(hash uint64) int { return int(hash) & (len(p.slots) - 1) }

func (p *part) after(slot int) int { return (slot + 1) & (len(p.slots) - 1) }

// behind is whose the record behind prev is, and of which node.
func (t *Table) behind(prev uint32) membership {
	r := t.records.At(t.records.At(prev).next)
	return membership{t.nodes.At(r.node).members[r.place].subscriber, r.node}
}

// slotOf is the slot of a record in its part, or the empty one where it would be.
func (t *Table) slotOf(p *part, m membership, hash uint64) int {
	i := p.home(hash)
	for prev := p.slots[i]; prev != 0 && t.behind(prev) != m; prev = p.slots[i] {
		i = p.after(i)
	}
	return i
}

// placed finds the record of a subscriber on a node, unless it is the first in its list; an empty link if there is none.
func (t *Table) placed(m membership) link {
	p, hash := t.places.of(m)
	if p.used == 0 {
		return link{}
	}
	prev := p.slots[t.slotOf(p, m, hash)]
	if prev == 0 {
		return link{}
	}
	return link{t.records.At(prev).next, prev}
}

// place enters the record behind prev.
func (t *Table) place(prev uint32) {
	m := t.behind(prev)
	p, hash := t.places.of(m)
	if p.used++; p.used > len(p.slots)/4*3 {
		t.widen(p)
	}
	p.slots[t.slotOf(p, m, hash)] = prev
}

// widen gives a part more slots.
func (t *Table) widen(p *part) {
	old := p.slots
	p.slots = make([]uint32, max(2*len(old), 4))
	for _, prev := range old {
		if prev != 0 {
			m := t.behind(prev)
			_, hash := t.places.of(m)
			p.slots[t.slotOf(p, m, hash)] = prev
		}
	}
}

// displace takes the record behind prev out, while it is still there. What has been pushed on by it moves back.
func (t *Table) displace(prev uint32) {
	m := t.behind(prev)
	p, hash := t.places.of(m)
	hole := t.slotOf(p, m, hash)
	p.slots[hole] = 0
	p.used--
	for i := p.after(hole); p.slots[i] != 0; i = p.after(i) {
		_, hash := t.places.of(t.behind(p.slots[i]))
		pushed, way := i-p.home(hash), i-hole
		if pushed&(len(p.slots)-1) >= way&(len(p.slots)-1) {
			p.slots[hole], p.slots[i] = p.slots[i], 0
			hole = i
		}
	}
}

// enter enters the record behind the newest one of s, or all that are behind others.
func (t *Table) enter(s Subscriber, all bool) {
	for prev := t.heads[s]; t.records.At(prev).next != 0; prev = t.records.At(prev).next {
		if t.place(prev); !all {
			return
		}
	}
}

// withdraw takes the record of a link out that is about to go, and tells of the one behind it what is before it then.
func (t *Table) withdraw(l link) {
	next := t.records.At(l.record).next
	if l.prev == 0 {
		if next != 0 {
			t.displace(l.record)
		}
		return
	}
	t.displace(l.prev)
	if next != 0 {
		m := t.behind(l.record)
		p, hash := t.places.of(m)
		p.slots[t.slotOf(p, m, hash)] = l.prev
	}
}

// withdrawAll takes out all records of s.
func (t *Table) withdrawAll(s Subscriber) {
	for prev := t.heads[s]; t.records.At(prev).next != 0; prev = t.records.At(prev).next {
		t.displace(prev)
	}
}
