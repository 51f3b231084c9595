package channel

import (
	"bytes"
	"hash/maphash"

	"halley/bayeux/slab"
)

// Subscriber is the owner's slot number of a session. Slot numbers are small and used again: the table's memory grows with the
// largest one.
type Subscriber uint32

// Change is what a subscribe or unsubscribe did.
type Change struct {
	Changed bool // the subscription was not there before, or was
	Edge    bool // the first subscriber arrived on this pattern, or the last one left: interest has changed
}

// Table is the subscription table of one loop: which subscriber is on which pattern. Patterns and names are taken in
// their canonical form and are not checked; Check is the caller's.
//
// A subscription is a record (node, place, next of the same subscriber) and a place in its pattern's
// list: 16 bytes, and 4 for each subscriber. Removing one is a swap with the last of the list, whose record is looked for. Nothing here
// depends on the number of other patterns or subscribers, nor on those of the same subscriber or pattern: a subscriber's records
// are walked up to a number, and places finds those of a subscriber with more.
type Table struct {
	patterns index
	lists    slab.List[[]Subscriber] // of patterns with more than one; [0] unused
	records  slab.Pages[record, *record]
	heads    []uint32 // by subscriber: its newest record, 0 for none; the mark bit belongs to union
	many     map[Subscriber]uint32
	places   places // of those with more than walked
	cache    cache
	out      []Subscriber
	name     []byte // scratch, as out is
	changes  uint64 // so far
}

// record is one subscription.
type record struct{ node, place, next uint32 }

// Link implements slab.Linked.
func (r *record) Link() *uint32 { return &r.next }

// link is a record, and the one whose next it is, 0 for the head's.
type link struct{ record, prev uint32 }

// membership is a subscriber on a node.
type membership struct {
	subscriber Subscriber
	node       uint32
}

// few is the number of subscriptions up to which a subscriber's are counted by walking them; Table.many has the others' number.
// walked is likewise for finding one of them, with Table.places.
const (
	few    = 8
	walked = 32
)

// NewTable returns an empty table that remembers the matching patterns of about cacheSize channel names.
func NewTable(cacheSize int) *Table {
	t := &Table{
		patterns: newIndex(),
		many:     map[Subscriber]uint32{},
		places:   places{seed: maphash.MakeSeed()},
		cache:    newCache(cacheSize),
	}
	t.records.Take(record{}) // 0
	t.lists.Take(nil)        // 0
	return t
}

// Subscribe puts s on pattern; a repeated one changes nothing. The table keeps its own copy of the pattern.
func (t *Table) Subscribe(s Subscriber, pattern []byte) Change {
	pattern = Canonical(pattern)
	n, known := t.patterns.find(pattern)
	switch {
	case !known:
		n = t.patterns.add(pattern, s)
		t.cache.forget(pattern)
		t.add(s, n, 0)
	case t.on(s, n).record != 0:
		return Change{}
	default:
		t.add(s, n, t.join(s, n))
	}
	return Change{Changed: true, Edge: !known}
}

// Unsubscribe takes s off pattern.
func (t *Table) Unsubscribe(s Subscriber, pattern []byte) Change {
	n, known := t.patterns.find(Canonical(pattern))
	if !known {
		return Change{}
	}
	l := t.on(s, n)
	if l.record == 0 {
		return Change{}
	}
	return Change{Changed: true, Edge: t.remove(s, l)}
}

// UnsubscribeAll takes s off everything. Edge, unless nil, is called for each pattern that lost its last subscriber, with a copy that it may keep.
func (t *Table) UnsubscribeAll(s Subscriber, edge func(pattern []byte)) {
	for t.first(s) != 0 {
		if t.remove(s, link{record: t.heads[s]}) && edge != nil {
			edge(bytes.Clone(t.name))
		}
	}
}

// Count is the number of patterns that s is on.
func (t *Table) Count(s Subscriber) int {
	n := 0
	for r := t.first(s); r != 0; r = t.records.At(r).next {
		if n++; n > few {
			return int(t.many[s])
		}
	}
	return n
}

// Len is the number of subscriptions.
func (t *Table) Len() int { return t.records.Len() - 1 }

// Of visits the patterns that s is on, the newest first, until visit returns false. Visit must not change the table, nor
// keep the pattern.
func (t *Table) Of(s Subscriber, visit func(pattern []byte) bool) {
	for r := t.first(s); r != 0; r = t.records.At(r).next {
		if t.name = t.pattern(t.name[:0], t.records.At(r).node); !visit(t.name) {
			return
		}
	}
}

// Has says whether s is on exactly this pattern.
func (t *Table) Has(s Subscriber, pattern []byte) bool {
	n, known := t.patterns.find(Canonical(pattern))
	return known && t.on(s, n).record != 0
}

// Known says whether anyone is on exactly this pattern.
func (t *Table) Known(pattern []byte) bool {
	_, known := t.patterns.find(Canonical(pattern))
	return known
}

// Subscribers is how many are on exactly this pattern.
func (t *Table) Subscribers(pattern []byte) int {
	n, known := t.patterns.find(Canonical(pattern))
	if !known {
		return 0
	}
	return len(t.members(n))
}

// Covering visits the patterns that s is on and that match name, until visit returns false. It costs by the patterns that match,
// not by those that s is on. Visit must not change the table, nor keep the pattern.
func (t *Table) Covering(s Subscriber, name []byte, visit func(pattern []byte) bool) {
	for _, n := range t.matching(name) {
		if t.on(s, n).record == 0 {
			continue
		}
		if t.name = t.pattern(t.name[:0], n); !visit(t.name) {
			return
		}
	}
}

// Patterns visits every pattern that has subscribers, in no promised order, with copies that visit may keep. Visit must not change the table.
func (t *Table) Patterns(visit func(pattern []byte, subscribers int)) {
	for i := range uint32(t.patterns.nodes.Size()) {
		if t.patterns.nodes.At(i).text != 0 {
			visit(t.pattern(nil, i), len(t.members(i)))
		}
	}
}

// What a pattern costs beside its text and slots, with what the interest of its loop takes, and what a subscription does; about.
const (
	patternMemory = 50
	recordMemory  = 17
)

// Memory is about how many bytes the table takes.
func (t *Table) Memory() int {
	return t.patterns.texts.Bytes() + patternMemory*t.patterns.nodes.Size() + t.patterns.slotBytes() +
		recordMemory*t.records.Size() + t.places.parts.bytes()
}

// Touch says that something about the subscriptions to pattern has changed, for the stamps of the names that it matches.
func (t *Table) Touch(pattern []byte) {
	if n, known := t.patterns.find(Canonical(pattern)); known {
		t.touch(n)
	}
}

func (t *Table) touch(n uint32) {
	t.changes++
	t.patterns.nodes.At(n).changed = t.changes
}

// on returns the link to the record of s on node n, an empty one if there is none.
func (t *Table) on(s Subscriber, n uint32) link {
	l := link{record: t.first(s)}
	for i := 0; l.record != 0 && t.records.At(l.record).node != n; i++ {
		if i == walked {
			return t.placed(membership{s, n})
		}
		l = link{t.records.At(l.record).next, l.record}
	}
	return l
}

// first is the newest record of s, 0 for none.
func (t *Table) first(s Subscriber) uint32 {
	if int(s) < len(t.heads) {
		return t.heads[s]
	}
	return 0
}

// pattern appends the text of a node's pattern to dst.
func (t *Table) pattern(dst []byte, n uint32) []byte {
	return t.patterns.texts.Append(dst, t.patterns.nodes.At(n).text)
}

// members are the subscribers of a node.
func (t *Table) members(n uint32) []Subscriber {
	at := t.patterns.nodes.At(n)
	if at.more == 0 {
		return at.sole[:]
	}
	return *t.lists.At(at.more)
}

// join puts s into the list of a node that others are on, and returns its place there.
func (t *Table) join(s Subscriber, n uint32) (place int) {
	at := t.patterns.nodes.At(n)
	if at.more == 0 {
		at.more = t.lists.Take([]Subscriber{at.sole[0]})
	}
	list := t.lists.At(at.more)
	*list = append(*list, s)
	return len(*list) - 1
}

// add makes the record of s, which has a place on node n.
func (t *Table) add(s Subscriber, n uint32, place int) {
	if int(s) >= len(t.heads) {
		t.heads = append(t.heads, make([]uint32, int(s)+1-len(t.heads))...)
	}
	count := t.Count(s) + 1
	t.touch(n)
	t.heads[s] = t.records.Take(record{node: n, place: uint32(place), next: t.heads[s]})
	t.setCount(s, count)
	if count > walked {
		t.enter(s, count == walked+1)
	}
}

// remove takes out the record of l, one of s's, and says whether its pattern has lost its last subscriber. t.name is the pattern then.
func (t *Table) remove(s Subscriber, l link) (edge bool) {
	count := t.Count(s) - 1
	gone := *t.records.At(l.record)
	switch {
	case count == walked:
		t.withdrawAll(s)
	case count > walked:
		t.withdraw(l)
	}
	if l.prev != 0 {
		t.records.At(l.prev).next = gone.next
	} else {
		t.heads[s] = gone.next
	}
	t.records.Release(l.record)
	t.setCount(s, count)
	t.touch(gone.node)
	return t.leave(gone.node, int(gone.place))
}

// leave takes who is at a place out of the list of a node. The last of the list gets the place.
func (t *Table) leave(n uint32, place int) (edge bool) {
	members := t.members(n)
	last := len(members) - 1
	if last == 0 {
		t.dropNode(n)
		return true
	}
	if place != last {
		moved := members[last]
		t.records.At(t.on(moved, n).record).place = uint32(place)
		members[place] = moved
	}
	*t.lists.At(t.patterns.nodes.At(n).more) = members[:last]
	return false
}

func (t *Table) setCount(s Subscriber, n int) {
	if n > few {
		t.many[s] = uint32(n)
	} else if n == few {
		delete(t.many, s)
	}
}

// dropNode forgets a pattern that nobody is on any more, whose text t.name is afterwards.
func (t *Table) dropNode(n uint32) {
	t.name = t.pattern(t.name[:0], n)
	if more := t.patterns.nodes.At(n).more; more != 0 {
		t.lists.Release(more)
	}
	t.patterns.remove(n, t.name)
	t.cache.forget(t.name)
}
