package channel

import "halley/bayeux/slab"

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
// A subscription is a record in a slab (node, place, next of the same subscriber) and a place in its pattern's
// list: 20 bytes, and 4 for each subscriber. Removing one is a swap with the last of the list. Nothing here depends on the
// number of other patterns or subscribers, nor on those of the same subscriber or pattern: a subscriber's records
// are walked up to a number, and places finds those of a subscriber with more.
type Table struct {
	patterns index
	nodes    slab.List[node]
	records  slab.List[record] // [0] unused
	heads    []uint32          // by subscriber: its newest record, 0 for none; the mark bit belongs to union
	many     map[Subscriber]int
	places   *places // of those with more than walked
	cache    cache
	out      []Subscriber
	changes  uint64 // so far
	text     int    // bytes of all patterns
}

// node is one pattern that has subscribers. A node without subscribers is not used.
type node struct {
	pattern string
	members []member
	changed uint64 // number of its latest change
}

// member is a subscriber of a pattern and its record.
type member struct {
	subscriber Subscriber
	record     uint32
}

// record is one subscription.
type record struct{ node, place, next uint32 }

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
		many:     map[Subscriber]int{},
		places:   newPlaces(),
		cache:    newCache(cacheSize),
	}
	t.records.Take(record{}) // 0
	return t
}

// Subscribe puts s on pattern; a repeated one changes nothing. The table keeps its own copy of the pattern.
func (t *Table) Subscribe(s Subscriber, pattern []byte) Change {
	pattern = Canonical(pattern)
	n, known := t.patterns.find(pattern)
	if !known {
		n = t.addNode(pattern)
	} else if t.on(s, n).record != 0 {
		return Change{}
	}
	t.add(s, n)
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
		pattern := t.nodes.At(t.records.At(t.heads[s]).node).pattern
		if t.remove(s, link{record: t.heads[s]}) && edge != nil {
			edge([]byte(pattern))
		}
	}
}

// Count is the number of patterns that s is on.
func (t *Table) Count(s Subscriber) int {
	n := 0
	for r := t.first(s); r != 0; r = t.records.At(r).next {
		if n++; n > few {
			return t.many[s]
		}
	}
	return n
}

// Of visits the patterns that s is on, the newest first, until visit returns false. Visit must not change the table.
func (t *Table) Of(s Subscriber, visit func(pattern string) bool) {
	for r := t.first(s); r != 0; r = t.records.At(r).next {
		if !visit(t.nodes.At(t.records.At(r).node).pattern) {
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
	return len(t.nodes.At(n).members)
}

// Covering visits the patterns that s is on and that match name, until visit returns false. It costs by the patterns that match,
// not by those that s is on. Visit must not change the table.
func (t *Table) Covering(s Subscriber, name []byte, visit func(pattern string) bool) {
	for _, n := range t.matching(name) {
		if t.on(s, n).record != 0 && !visit(t.nodes.At(n).pattern) {
			return
		}
	}
}

// Patterns visits every pattern that has subscribers, in no promised order, with copies that visit may keep. Visit must not change the table.
func (t *Table) Patterns(visit func(pattern []byte, subscribers int)) {
	for i := range uint32(t.nodes.Size()) {
		if n := t.nodes.At(i); len(n.members) > 0 {
			visit([]byte(n.pattern), len(n.members))
		}
	}
}

// What a pattern costs beside its text, which its node and the index share, and what a subscription does; about, with
// the room that maps and slices have to grow.
const (
	patternMemory = 100
	recordMemory  = 24
)

// Memory is about how many bytes the table takes.
func (t *Table) Memory() int {
	return t.text + patternMemory*t.nodes.Size() + recordMemory*t.records.Size() + t.places.bytes()
}

// Touch says that something about the subscriptions to pattern has changed, for the stamps of the names that it matches.
func (t *Table) Touch(pattern []byte) {
	if n, known := t.patterns.find(Canonical(pattern)); known {
		t.touch(n)
	}
}

func (t *Table) touch(n uint32) {
	t.changes++
	t.nodes.At(n).changed = t.changes
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

// add records that s is on node n, where it is not yet.
func (t *Table) add(s Subscriber, n uint32) {
	if int(s) >= len(t.heads) {
		t.heads = append(t.heads, make([]uint32, int(s)+1-len(t.heads))...)
	}
	count := t.Count(s) + 1
	t.touch(n)
	p := t.nodes.At(n)
	r := t.records.Take(record{node: n, place: uint32(len(p.members)), next: t.heads[s]})
	t.heads[s] = r
	t.setCount(s, count)
	p.members = append(p.members, member{s, r})
	if count > walked {
		t.enter(s, count == walked+1)
	}
}

// remove takes out the record of l, one of s's, and says whether its pattern has lost its last subscriber.
func (t *Table) remove(s Subscriber, l link) (edge bool) {
	count, r := t.Count(s)-1, l.record
	gone := *t.records.At(r)
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
	t.records.Release(r)
	t.setCount(s, count)

	n := t.nodes.At(gone.node)
	last := len(n.members) - 1
	n.members[gone.place] = n.members[last]
	if moved := n.members[last].record; moved != r {
		t.records.At(moved).place = gone.place
	}
	n.members = n.members[:last]
	t.touch(gone.node)
	if last == 0 {
		t.dropNode(gone.node)
	}
	return last == 0
}

func (t *Table) setCount(s Subscriber, n int) {
	if n > few {
		t.many[s] = n
	} else if n == few {
		delete(t.many, s)
	}
}

// addNode makes the node of a new pattern.
func (t *Table) addNode(pattern []byte) uint32 {
	text := string(pattern)
	n := t.nodes.Take(node{pattern: text})
	t.patterns.add(text, n)
	t.text += len(text)
	t.cache.forget(pattern)
	return n
}

// dropNode forgets a pattern that nobody is on any more.
func (t *Table) dropNode(n uint32) {
	pattern := t.nodes.At(n).pattern
	t.nodes.Release(n)
	t.text -= len(pattern)
	t.patterns.remove(pattern)
	t.cache.forget([]byte(pattern))
}
