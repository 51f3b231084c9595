// Proved by TestPlacesAgainstMap and TestTableBehavesAsItsModel.

package channel

import "hash/maphash"

// places finds the records of subscribers with many subscriptions. A record is known by the one before it in its subscriber's list,
// which takes 4 bytes and is all that a removal needs; the first of a list is found without. The records tell the rest: whose they
// are, and of which pattern.
type places struct {
	seed  maphash.Seed
	parts parts
}

// of is the part of a subscriber on a node, and its hash.
func (p *places) of(m membership) (*slots, uint32) {
	hash := p.hash(m)
	return p.parts.part(hash), hash
}

func (p *places) hash(m membership) uint32 { return uint32(maphash.Comparable(p.seed, m) >> 32) }

// behind is whose the record behind prev is, and of which node.
func (t *Table) behind(prev uint32) membership {
	r := t.records.At(t.records.At(prev).next)
	return membership{t.members(r.node)[r.place], r.node}
}

// hashOf is the hash of the record behind prev.
func (t *Table) hashOf(prev uint32) uint32 { return t.places.hash(t.behind(prev)) }

// slotOf is the slot of a record in its part, or the empty one where it would be.
func (t *Table) slotOf(p *slots, m membership, hash uint32) int {
	i := p.home(hash)
	for prev := p.of[i]; prev != 0 && t.behind(prev) != m; prev = p.of[i] {
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
	prev := p.of[t.slotOf(p, m, hash)]
	if prev == 0 {
		return link{}
	}
	return link{t.records.At(prev).next, prev}
}

// place enters the record behind prev.
func (t *Table) place(prev uint32) {
	p, _ := t.places.of(t.behind(prev))
	p.enter(prev, t)
}

// displace takes the record behind prev out, while it is still there.
func (t *Table) displace(prev uint32) {
	m := t.behind(prev)
	p, hash := t.places.of(m)
	p.empty(t.slotOf(p, m, hash), t)
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
		p.of[t.slotOf(p, m, hash)] = l.prev
	}
}

// withdrawAll takes out all records of s.
func (t *Table) withdrawAll(s Subscriber) {
	for prev := t.heads[s]; t.records.At(prev).next != 0; prev = t.records.At(prev).next {
		t.displace(prev)
	}
}
