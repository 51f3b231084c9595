// Proved by TestGoneAndBack, TestClaim and TestAllAgreeAtRest.

package nodes

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"halley/loop/cluster/wire"
)

// Options are what Open needs.
type Options struct {
	Settings
	Wire     wire.Wire
	Prefix   string   // of all subjects, a token or several
	Address  string   // of this node, for people
	Loops    int      // of this node
	Versions Versions // of the links' protocol that this node speaks
	Log      *slog.Logger
	Clock    Clock        // nil: the system's
	Random   func([]byte) // nil: the system's
}

// Clock is what time it is.
type Clock interface {
	Now() time.Duration // since any moment; it goes on while this process stands still
	Unix() int64        // milliseconds
	// Wait waits so long, or until ctx is done, whose error it returns then.
	Wait(ctx context.Context, d time.Duration) error
}

// Watcher is told of other nodes, one call at a time and in order, and must be quick.
type Watcher struct {
	// Came tells that this node works with another one from now on. What it sends to it from within this call is the first.
	Came func(Node)
	// Gone tells that it does so no more. Done is to be called, from anywhere, when nothing of what was held for the node is left.
	// The two come together again only then.
	Gone func(n Node, done func())
}

// Nodes are the nodes of a cluster, as one of them sees them. Its methods may be called from any goroutine.
type Nodes struct {
	o      Options
	number uint16
	self   identity
	joined atomic.Pointer[map[uint16]Node]
	apart  atomic.Pointer[map[uint16]Node] // that this one does not work with, and that are there

	mu       sync.Mutex
	table    table
	senior   seniority
	phase    phase
	beatAt   time.Duration
	watchers []Watcher
	news     []news // to be told
	telling  bool
}

// ErrNumber means that another node, which has been there for longer, has the number of this one. Two nodes find that out when they
// meet after a split, or when none of them heard the other's claim. Whoever gets this error must end, and may start anew.
var ErrNumber = errors.New("another node of the cluster has the number of this one")

// errNoNumber means that claims of several numbers were answered.
var errNoNumber = errors.New("no free number for this node of the cluster was found")

// Open finds a number for this node, for as long as it runs. It waits for those who have it to say so. The other nodes hear of it
// only when it runs.
func Open(ctx context.Context, o Options) (*Nodes, error) {
	if o.Clock == nil {
		o.Clock = system{time.Now()}
	}
	if o.Random == nil {
		o.Random = func(b []byte) { rand.Read(b) }
	}
	n := &Nodes{o: o, phase: claiming}
	n.joined.Store(new(map[uint16]Node))
	n.apart.Store(new(map[uint16]Node))
	if err := n.claim(ctx); err != nil {
		return nil, err
	}
	n.table = table{number: n.number, self: n.self, speaks: o.Versions, timeout: o.Timeout, entries: make(map[uint16]*entry), last: o.Clock.Now()}
	if _, err := o.Wire.Subscribe(n.subject(), n.hear); err != nil {
		return nil, err
	}
	o.Wire.Watch(func(up bool) {
		if up {
			n.change(func() { n.table.speak = true })
		}
	})
	return n, nil
}

// subject is where heartbeats go.
func (n *Nodes) subject() string { return n.o.Prefix + ".b" }

// Number is this node's among all that are there.
func (n *Nodes) Number() uint16 { return n.number }

// Incarnation tells this start of the node from all others.
func (n *Nodes) Incarnation() uint64 { return uint64(n.self) }

// Joined finds a node that this one works with.
func (n *Nodes) Joined(number uint16) (Node, bool) {
	node, ok := (*n.joined.Load())[number]
	return node, ok
}

// Apart tells of a node that is heard, and that this one does not work with yet or not again.
func (n *Nodes) Apart(number uint16) bool {
	_, ok := (*n.apart.Load())[number]
	return ok
}

// Works is with how many nodes this one works.
func (n *Nodes) Works() int { return len(*n.joined.Load()) }

// All are the nodes that this one knows, by their numbers, itself not included.
func (n *Nodes) All() (list []Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range n.table.entries {
		list = append(list, e.Node)
	}
	slices.SortFunc(list, func(a, b Node) int { return cmp.Compare(a.Number, b.Number) })
	return list
}

// Now is what time it is by the clock that Node.Heard is of.
func (n *Nodes) Now() time.Duration { return n.o.Clock.Now() }

// Watch has w told of nodes. It is to be called before Run.
func (n *Nodes) Watch(w Watcher) { n.change(func() { n.watchers = append(n.watchers, w) }) }

// Awake has this node look at its clock, and tells whether it works with a node in that epoch. Who takes something of another node
// has to ask before: where this one stood still, what it finds is of before.
func (n *Nodes) Awake(number uint16, epoch uint32) bool {
	n.change(func() { n.table.pass(n.o.Clock.Now()) })
	node, ok := n.Joined(number)
	return ok && node.Epoch == epoch
}

// Torn has this node and another one lose each other, since something that was sent in an epoch is missing.
func (n *Nodes) Torn(number uint16, epoch uint32) {
	n.change(func() {
		if e := n.table.entries[number]; e != nil && e.Epoch == epoch {
			n.table.lose(e, torn)
		}
	})
}

// Drain tells the others that this node lets its clients go. It is one of them until Run ends.
func (n *Nodes) Drain() { n.change(func() { n.phase, n.table.speak = draining, true }) }

// Run makes this node one of the cluster until ctx is done, and says farewell then. Its error is ErrNumber, or nil.
func (n *Nodes) Run(ctx context.Context) error {
	n.change(func() { n.phase, n.table.speak = here, true })
	defer n.change(func() { n.phase, n.table.speak = leaving, true })
	for n.o.Clock.Wait(ctx, n.o.Timeout/(2*beats)) == nil {
		if n.tick() {
			return ErrNumber
		}
	}
	return nil
}

// tick does what is due, and tells whether this node has to give up its number.
func (n *Nodes) tick() (over bool) {
	n.change(func() {
		now := n.o.Clock.Now()
		n.table.tick(now)
		n.look(now)
		n.table.speak = n.table.speak || now >= n.beatAt
		over = n.table.doubled
	})
	return over
}

// hear takes what has come to the subject of heartbeats.
func (n *Nodes) hear(m *wire.Message) {
	h, err := parseHeartbeat(m.Data)
	n.change(func() {
		switch {
		case err != nil:
			n.table.figures.Malformed++
		case h.Phase == claiming:
			n.answer(&h, m.Reply)
		case n.phase == here || n.phase == draining:
			n.table.hear(&h, n.o.Clock.Now())
		}
	})
}

// Figures are what was counted.
func (n *Nodes) Figures() Figures {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.table.figures
	f.Alive = 1
	for _, e := range n.table.entries {
		switch e.State {
		case Joined:
			f.Alive++
		case Refused:
			f.Refused++
		}
	}
	return f
}

// system is the system's clock.
type system struct{ start time.Time }

// Now implements Clock.
func (s system) Now() time.Duration { return time.Since(s.start) }

// Unix implements Clock.
func (s system) Unix() int64 { return time.Now().UnixMilli() }

// Wait implements Clock.
func (s system) Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newIdentity makes the identity of this start.
func newIdentity(clock Clock, random func([]byte)) identity {
	var b [4]byte
	random(b[:])
	return identity(clock.Unix())<<identityBits | identity(binary.BigEndian.Uint32(b[:])&(1<<identityBits-1)) | 1
}
