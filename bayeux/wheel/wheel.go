// Package wheel is a timer wheel without a clock: the owner passes the time in.
//
// It has one level of slots and no cascade. An entry whose deadline lies beyond the horizon (tick × slots) waits in the
// last slot and is placed again when that slot comes up; the same look at the deadline makes re-arming with a later
// deadline free, which is what held polls do all the time. Entries are 16 bytes in one slab without pointers, indexed
// by the owner's own slot numbers, so the garbage collector has nothing to walk.
package wheel

import "math/bits"

// entry is one timer, or (below Wheel.base) the head of one slot's ring. Links are indices into the slab; an entry that
// is not armed has next == 0, which is no entry: index 0 stays unused.
type entry struct {
	deadline   int64
	next, prev uint32
}

// Wheel holds at most one deadline for each id. Times are milliseconds of any clock that the owner likes. A Wheel belongs
// to one goroutine.
type Wheel struct {
	tick    int64 // milliseconds
	slots   int64 // a power of two
	at      int64 // the tick whose slot is swept next; every slot before it is done
	end     int64 // the last tick that may be swept: the highest that Advance was asked for
	armed   int
	entries []entry // [0] unused, then one ring head for each slot, then the ids
}

// New returns a wheel that stands at now. Tick is the resolution in milliseconds (at least 1); slots is rounded up to a
// power of two (at least 2). Tick × slots is the horizon: later deadlines work, and cost one more visit each time it passes.
func New(tick int64, slots int, now int64) *Wheel {
	slots = 1 << bits.Len(uint(max(slots, 2)-1))
	w := &Wheel{tick: max(tick, 1), slots: int64(slots), entries: make([]entry, slots+1)}
	w.at = now / w.tick
	w.end = w.at
	for head := 1; head <= slots; head++ {
		w.entries[head].next, w.entries[head].prev = uint32(head), uint32(head)
	}
	return w
}

// Set arms id, or arms it anew. A deadline that is not earlier than the present one costs no more than a store.
// Memory grows with the largest id that was ever set.
func (w *Wheel) Set(id uint32, deadline int64) {
	i := w.index(id)
	if int(i) >= len(w.entries) {
		w.entries = append(w.entries, make([]entry, int(i)+1-len(w.entries))...)
	}
	e := &w.entries[i]
	switch {
	case e.next == 0:
		w.armed++
	case deadline >= e.deadline:
		e.deadline = deadline
		return
	default:
		w.unlink(i)
	}
	e.deadline = deadline
	w.link(i, w.at)
}

// Cancel disarms id, if it is armed.
func (w *Wheel) Cancel(id uint32) {
	if !w.Armed(id) {
		return
	}
	w.disarm(w.index(id))
}

// Armed says whether id has a deadline that Advance has not returned yet.
func (w *Wheel) Armed(id uint32) bool {
	i := w.index(id)
	return int(i) < len(w.entries) && w.entries[i].next != 0
}

// Passed says whether id has a deadline that has passed at now, and that Advance has not returned yet.
func (w *Wheel) Passed(id uint32, now int64) bool {
	return w.Armed(id) && w.entries[w.index(id)].deadline <= now
}

// Len is the number of armed ids.
func (w *Wheel) Len() int { return w.armed }

// Advance appends to dst the ids whose deadline has passed at now, in no promised order, and disarms them: never early,
// and less than one tick late. It returns at most limit ids; if there are more they come with the next call. Now may jump: forward by
// any distance for the price of one look at each slot, and backward.
func (w *Wheel) Advance(now int64, limit int, dst []uint32) []uint32 {
	w.end = max(w.end, now/w.tick)
	w.at = max(w.at, w.end-w.slots+1) // the last revolution meets every slot
	limit += len(dst)
	for len(dst) < limit {
		dst = w.sweep(now, limit, dst)
		if len(dst) >= limit || w.at == w.end {
			break
		}
		w.at++
	}
	return dst
}

// Next is Advance for one id, if there is any. A caller that has no time for all that is due leaves the others where they are.
func (w *Wheel) Next(now int64) (id uint32, due bool) {
	var room [1]uint32
	ids := w.Advance(now, 1, room[:0])
	if len(ids) == 0 {
		return 0, false
	}
	return ids[0], true
}

// sweep takes what has passed out of the slot at w.at and moves what has not to later slots.
func (w *Wheel) sweep(now int64, limit int, dst []uint32) []uint32 {
	head := w.head(w.at)
	for i := w.entries[head].next; i != head && len(dst) < limit; {
		next := w.entries[i].next
		switch deadline := w.entries[i].deadline; {
		case deadline <= now:
			w.disarm(i)
			dst = append(dst, i-w.index(0))
		case w.at < w.end || w.ceil(deadline) > w.at:
			w.unlink(i)
			w.link(i, w.at+1)
		} // otherwise the clock went back: it waits here, in the one slot that every Advance looks at
		i = next
	}
	return dst
}

// link puts entry i into the slot of its deadline, or as near to it as the slots from tick first to the horizon allow.
func (w *Wheel) link(i uint32, first int64) {
	tick := min(max(w.ceil(w.entries[i].deadline), first), w.at+w.slots-1)
	head := w.head(tick)
	last := w.entries[head].prev
	w.entries[i].next, w.entries[i].prev = head, last
	w.entries[last].next = i
	w.entries[head].prev = i
}

func (w *Wheel) unlink(i uint32) {
	e := &w.entries[i]
	w.entries[e.prev].next = e.next
	w.entries[e.next].prev = e.prev
}

func (w *Wheel) disarm(i uint32) {
	w.unlink(i)
	w.entries[i] = entry{}
	w.armed--
}

// index is the place of an id in the slab, behind the ring heads.
func (w *Wheel) index(id uint32) uint32 { return id + uint32(w.slots) + 1 }

// head is the ring head of a tick's slot.
func (w *Wheel) head(tick int64) uint32 { return uint32(tick&(w.slots-1)) + 1 }

// ceil is the first tick that begins at or after a deadline. (Which tick now lies in need not be as exact: a slot that is swept too
// early, as happens before time 0 where division rounds up, keeps what is not due.)
func (w *Wheel) ceil(deadline int64) int64 {
	tick := deadline / w.tick
	if deadline%w.tick > 0 {
		tick++
	}
	return tick
}
