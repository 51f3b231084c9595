// Proved by TestGoneAndBack, TestVersions, TestOneNumberTwice and TestAllAgreeAtRest.

package nodes

import "time"

// Node is another node, as this one knows it.
type Node struct {
	Number      uint16
	Incarnation uint64        // tells one start of it from another
	Epoch       uint32        // of the two
	Version     uint8         // the protocol's that both speak
	State       State         // whether this one works with it
	Draining    bool          // it lets its clients go
	Address     string        // of it, for people
	Loops       int           // that it has
	Heard       time.Duration // since when it was heard of, by the clock of Options
}

// State says whether this node works with another one.
type State uint8

// The states of a node.
const (
	Joined  State = iota // both say the same epoch
	Apart                // it is gone, or has not heard yet that it was
	Closing              // it was lost, and what was held for it is being closed
	Refused              // it speaks no version that this one speaks
)

// String names the state.
func (s State) String() string { return [...]string{"joined", "apart", "closing", "refused"}[s] }

// entry is a Node with what only the table needs.
type entry struct {
	Node
	next  uint32        // the epoch after the closing
	left  int           // who has not closed yet what it held
	tears int           // how often the two were torn, one time soon after the other
	until time.Duration // when the next epoch may be said, after the last tear
	over  uint64        // the incarnation of a younger node with its number that was told of
	ended bool          // it has said farewell: it is forgotten after the closing
	there bool          // it was heard since it was lost
}

// table is the nodes that this one knows. What has changed, and has to be told, is in news.
type table struct {
	number  uint16
	self    identity
	speaks  Versions
	timeout time.Duration
	entries map[uint16]*entry
	last    time.Duration // when the clock was read last
	stood   time.Duration // when this node last found that it had stood still
	figures Figures

	news    []news
	turned  bool // a node that this one does not work with is there, or is no more
	speak   bool // a heartbeat is due at once, before anything else is sent
	doubled bool // an older node has the number of this one
}

// news is something that has happened to a node.
type news struct {
	node Node
	kind newsKind
	why  loss // it is lost
}

type newsKind uint8

const (
	came newsKind = iota
	lost
	refused
	younger // of two nodes with the number, this one is passed over
)

// pass notes what time it is. Where the clock was not read for longer than the timeout this node stood still: the others have
// lost it, and what has come meanwhile is of before.
func (t *table) pass(now time.Duration) {
	stood := now-t.last > t.timeout
	t.last = max(t.last, now)
	if !stood {
		return
	}
	t.stood = now
	for _, e := range t.entries {
		e.Heard = now
		t.lose(e, paused)
	}
}

// hear takes a heartbeat.
func (t *table) hear(h *heartbeat, now time.Duration) {
	t.pass(now)
	if h.Number == t.number {
		t.double(h)
		return
	}
	e := t.entryOf(h, now)
	if e == nil {
		return
	}
	e.Heard = now
	t.finds(e, h.Phase != leaving)
	e.Draining, e.Address, e.Loops = h.Phase == draining, h.Address, h.Loops
	if h.Phase == leaving {
		t.part(e)
		return
	}
	t.agree(e, h.epochWith(t.number, t.self))
}

// double notes that another node has the number of this one. The younger one has to give it up, and hears of the older one.
func (t *table) double(h *heartbeat) {
	switch {
	case h.Phase == leaving:
	case h.Of < t.self:
		t.doubled = true
	default:
		t.speak = true
	}
}

// entryOf is the entry of the node that a heartbeat is of; nil if it is none to work with.
func (t *table) entryOf(h *heartbeat, now time.Duration) *entry {
	e := t.entries[h.Number]
	if e != nil && e.Incarnation != uint64(h.Of) && !t.replaces(h, e, now) {
		return nil
	}
	if e != nil && e.Incarnation == uint64(h.Of) {
		if e.State == Refused {
			e.Heard = now
			return nil
		}
		return e
	}
	if h.Phase == leaving {
		return nil
	}
	e = &entry{Node: Node{Number: h.Number, Incarnation: uint64(h.Of), State: Apart, Heard: now, Address: h.Address}}
	t.entries[h.Number] = e
	version, ok := t.speaks.common(h.Versions)
	if e.Version = version; !ok {
		e.State = Refused
		t.news = append(t.news, news{node: e.Node, kind: refused})
		return nil
	}
	t.speak = true // it knows this node before anything else comes
	return e
}

// replaces tells whether the node of a heartbeat takes the place of e, which has the same number. The older one keeps it as long
// as it is there.
func (t *table) replaces(h *heartbeat, e *entry, now time.Duration) bool {
	there := now-e.Heard <= t.timeout && e.State != Refused
	if there && uint64(h.Of) > e.Incarnation {
		if e.over == uint64(h.Of) {
			return false
		}
		e.over = uint64(h.Of)
		t.news = append(t.news, news{node: Node{Number: h.Number, Incarnation: uint64(h.Of), Address: h.Address}, kind: younger})
		return false
	}
	t.lose(e, told)
	return e.State != Closing
}

// agree compares the epoch that a node says with the one that is kept here.
func (t *table) agree(e *entry, theirs uint32) {
	switch {
	case theirs > e.Epoch && e.State == Joined:
		t.close(e, theirs, told)
	case theirs > e.next && e.State == Closing:
		e.next = theirs
	case theirs > e.Epoch && e.State == Apart:
		e.Epoch, t.speak = theirs, true
		t.join(e)
	case theirs == e.Epoch && e.State == Apart:
		t.join(e)
	}
}

func (t *table) join(e *entry) {
	e.State = Joined
	t.news = append(t.news, news{node: e.Node, kind: came})
}

// lose closes what this node has with another one, if it has anything.
func (t *table) lose(e *entry, why loss) {
	if e.State == Joined {
		t.close(e, e.Epoch+1, why)
	}
}

// close has all that is held for a node closed.
func (t *table) close(e *entry, next uint32, why loss) {
	if e.State, e.next, e.left = Closing, next, 1; why == torn {
		t.rest(e)
	}
	t.finds(e, why == paused || why == told)
	t.figures.Lost.count(why)
	t.news = append(t.news, news{node: e.Node, kind: lost, why: why})
}

// What two nodes wait that are torn again and again, in timeouts: something is wrong between them that goes on.
const (
	soonAgain   = 5  // after the last time
	restLeast   = 1  // halves, the first time that it is soon again, then twice as many
	restLongest = 20 // halves
)

// rest has a node that was torn be apart for a while, if it was torn not long before, too.
func (t *table) rest(e *entry) {
	if t.last-e.until >= soonAgain*t.timeout {
		e.tears = 0
	}
	rest := time.Duration(0)
	if e.tears > 0 {
		rest = time.Duration(min(restLeast<<min(e.tears-1, 10), restLongest)) * t.timeout / 2
	}
	e.tears, e.until = e.tears+1, t.last+rest
}

// part takes the farewell of a node.
func (t *table) part(e *entry) {
	e.ended = true
	if t.lose(e, farewell); e.State != Closing {
		delete(t.entries, e.Number)
	}
}

// closed notes that one of those who held something for a node has closed it. The last one has the next epoch said.
func (t *table) closed(number uint16, of uint64) {
	e := t.entries[number]
	if e == nil || e.Incarnation != of || e.State != Closing {
		return
	}
	e.left--
	t.reopen(e)
}

// reopen has the next epoch said, once all is closed and the node has been apart for as long as it has to.
func (t *table) reopen(e *entry) {
	if e.State != Closing || e.left > 0 || t.last < e.until && !e.ended {
		return
	}
	if e.State, e.Epoch, t.speak = Apart, e.next, true; e.ended {
		delete(t.entries, e.Number)
	}
}

// tick looks for nodes that are silent.
func (t *table) tick(now time.Duration) {
	t.pass(now)
	for number, e := range t.entries {
		silence := now - e.Heard
		if silence > t.timeout {
			t.lose(e, silent)
			t.finds(e, false)
		}
		t.reopen(e)
		if e.State != Joined && e.State != Closing && (silence > forgetAfter*t.timeout || silence > t.timeout && len(t.entries) > maxGone) {
			delete(t.entries, number)
		}
	}
}

// epochs are those that are not 0.
func (t *table) epochs() (list []epoch) {
	for _, e := range t.entries {
		if e.Epoch > 0 {
			list = append(list, epoch{e.Number, identity(e.Incarnation), e.Epoch})
		}
	}
	return list
}

// known are the nodes that this one works with, and those that are there beside them, by number.
func (t *table) known() (joined, apart map[uint16]Node) {
	joined, apart = make(map[uint16]Node, len(t.entries)), make(map[uint16]Node)
	for number, e := range t.entries {
		switch {
		case e.State == Joined:
			joined[number] = e.Node
		case e.there && e.State != Refused:
			apart[number] = e.Node
		}
	}
	return joined, apart
}

// finds notes whether a node is there.
func (t *table) finds(e *entry, there bool) {
	t.turned = t.turned || e.there != there && e.State != Joined
	e.there = there
}
