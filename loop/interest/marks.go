package interest

import (
	"math/bits"

	"halley/bayeux/slab"
)

// mark stands for a pattern: 96 bits of two hashes with seeds of their own. Ten million patterns have two alike with a chance of 1 in
// 10^15, and nobody can choose such, so the text is not kept: it would take more than all else, and who is subscribed knows it.
type mark struct {
	high uint64
	low  uint32
}

// entry is a pattern and the set of its loops, by number; 0: there is none.
type entry struct {
	high     uint64
	low, set uint32
}

func (e *entry) is(m mark) bool { return e.high == m.high && e.low == m.low }

// marks is a table of entries with open addresses. It grows by a quarter, and the mark is scaled to the number of its slots, so that
// few of them are free.
type marks struct {
	slots []entry
	used  int
}

func (t *marks) home(m mark) int {
	slot, _ := bits.Mul64(m.high, uint64(len(t.slots)))
	return int(slot)
}

func (t *marks) ring() slab.Ring { return slab.Ring(len(t.slots)) }

func (t *marks) after(slot int) int { return t.ring().After(slot) }

// find is the entry of a mark, nil if there is none. It is good until another is added or removed.
func (t *marks) find(m mark) *entry {
	if t.used == 0 {
		return nil
	}
	i := t.home(m)
	for ; t.slots[i].set != 0; i = t.after(i) {
		if t.slots[i].is(m) {
			return &t.slots[i]
		}
	}
	return nil
}

// add adds the entry of a mark that has none.
func (t *marks) add(m mark, set uint32) {
	if t.used+1 > len(t.slots)/8*7 {
		t.resize(len(t.slots) + max(len(t.slots)/32*8, 8))
	}
	t.used++
	t.put(entry{m.high, m.low, set})
}

func (t *marks) put(e entry) {
	i := t.home(mark{e.high, e.low})
	for t.slots[i].set != 0 {
		i = t.after(i)
	}
	t.slots[i] = e
}

// resize makes room for so many slots, a multiple of 8.
func (t *marks) resize(slots int) {
	old := t.slots
	t.slots = make([]entry, slots)
	for _, e := range old {
		if e.set != 0 {
			t.put(e)
		}
	}
}

// fit gives back the room of entries that are gone.
func (t *marks) fit() {
	if most := (t.used/7 + 1) * 8; most < len(t.slots) {
		t.resize(most)
	}
}

// remove takes out an entry that find has found. What has been pushed on by it moves back.
func (t *marks) remove(e *entry) {
	hole := t.home(mark{e.high, e.low})
	for &t.slots[hole] != e {
		hole = t.after(hole)
	}
	t.slots[hole] = entry{}
	t.used--
	for i := t.after(hole); t.slots[i].set != 0; i = t.after(i) {
		if at := t.slots[i]; t.ring().Way(t.home(mark{at.high, at.low}), i) >= t.ring().Way(hole, i) {
			t.slots[hole], t.slots[i] = at, entry{}
			hole = i
		}
	}
}
