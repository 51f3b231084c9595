// Proved by TestOrderAndBatches, TestGoneAndBack and TestReliableOrTorn.

package link

import (
	"context"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"halley/loop/bus"
	"halley/loop/cluster/nodes"
	"halley/loop/cluster/wire"
)

// Options are what New needs.
type Options struct {
	Settings
	Wire   wire.Wire
	Prefix string // of all subjects, as that of nodes.Options
	Nodes  *nodes.Nodes
	Local  *bus.Local // the way to the loops of this node
}

// Link is the way to the loops of all nodes.
type Link struct {
	o       Options
	targets atomic.Pointer[map[uint16]*target]
	wake    chan struct{} // to send what waits
	stir    chan struct{} // to do so in a while
	counts  counts

	mu    sync.Mutex // of what changes targets
	ended map[uint16]life
}

// life is when a node is, or was, joined with this one.
type life struct {
	incarnation uint64
	epoch       uint32
}

func lifeOf(n nodes.Node) life { return life{n.Incarnation, n.Epoch} }

var _ bus.Link = (*Link)(nil)

// target is a node, in one epoch, and what is under way to it and from it.
type target struct {
	node   nodes.Node
	outbox outbox

	mu      sync.Mutex // held while a batch is taken
	sent    uint64     // batches
	known   uint64     // of them the node is known to have got
	got     uint64     // batches
	owes    bool       // the node wants to know how many
	ended   bool
	arrived assembler
}

// What a link needs of its wire: room for a header and a piece that is worth it.
const leastMost = 1024

// New returns the link of a node to all. It is to be made before the node runs, and before anybody else watches the nodes: the
// others then find that nothing more comes of a node that is gone.
func New(o Options) (*Link, error) {
	l := &Link{o: o, wake: make(chan struct{}, 1), stir: make(chan struct{}, 1), ended: make(map[uint16]life)}
	l.targets.Store(&map[uint16]*target{})
	own := strconv.Itoa(int(o.Nodes.Number()))
	if _, err := o.Wire.Subscribe(o.Prefix+".n."+own, l.hear); err != nil {
		return nil, err
	}
	if _, err := o.Wire.Subscribe(o.Prefix+".x."+own+".*.*", l.unheard); err != nil {
		return nil, err
	}
	o.Nodes.Watch(nodes.Watcher{
		Came: func(n nodes.Node) { l.target(n) },
		Gone: func(n nodes.Node, done func()) {
			l.drop(n)
			done()
		},
	})
	return l, nil
}

// Reaches implements bus.Link.
func (l *Link) Reaches(node uint16) bool {
	return node == l.o.Local.Node || (*l.targets.Load())[node] != nil
}

// Apart implements bus.Link.
func (l *Link) Apart(node uint16) bool { return l.o.Nodes.Apart(node) }

// Send implements bus.Link. Of what cannot be brought to its loop the sender hears as if the node had gone.
func (l *Link) Send(m bus.Message) {
	if m.To.Node == l.o.Local.Node {
		l.o.Local.Send(m)
		return
	}
	asks := m.Kind == bus.Batch || m.Kind == bus.Open
	t := (*l.targets.Load())[m.To.Node]
	if t == nil {
		l.undelivered(&m)
		return
	}
	switch became, when := t.outbox.add(&m); became {
	case taken:
		l.counts.sent.Add(1)
		if asks {
			l.counts.forwarded.Add(1)
		}
		l.rouse(when)
	case spilled:
		l.o.Nodes.Torn(t.node.Number, t.node.Epoch)
	default:
		l.undelivered(&m)
	}
}

// rouse has Run send what waits.
func (l *Link) rouse(when urgency) {
	wake := l.wake
	switch when {
	case idle:
		return
	case soon:
		wake = l.stir
	}
	select {
	case wake <- struct{}{}:
	default:
	}
}

// undelivered tells of a message that will not get there.
func (l *Link) undelivered(m *bus.Message) {
	told, ok := bus.Undelivered(m)
	if told.Kind == bus.Lost {
		l.counts.refused.Add(1)
	}
	if ok {
		l.o.Local.Send(told)
	}
}

// target is what is under way to and from a node that is joined; nil if that is over.
func (l *Link) target(n nodes.Node) *target {
	if t := (*l.targets.Load())[n.Number]; t != nil && lifeOf(t.node) == lifeOf(n) {
		return t
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if over, is := l.ended[n.Number]; is && over.incarnation == n.Incarnation && n.Epoch <= over.epoch {
		return nil
	}
	old := *l.targets.Load()
	if t := old[n.Number]; t != nil && lifeOf(t.node) == lifeOf(n) {
		return t
	}
	all := maps.Clone(old)
	t := &target{node: n, outbox: newOutbox(max(leastMost, l.o.Wire.Most()-overhead(l.o.Prefix)), l.o.Outbox)}
	all[n.Number] = t
	l.targets.Store(&all)
	return t
}

// overhead is how many bytes a message of the wire has beside its data at most: two subjects, and what the wire itself needs.
func overhead(prefix string) int { return 2*len(prefix) + 160 }

// drop ends what is under way to and from a node. Nothing of it comes to a loop any more when it returns.
func (l *Link) drop(n nodes.Node) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended[n.Number] = lifeOf(n)
	all := maps.Clone(*l.targets.Load())
	t := all[n.Number]
	if t == nil || lifeOf(t.node) != lifeOf(n) {
		return
	}
	delete(all, n.Number)
	l.targets.Store(&all)
	t.outbox.close()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
}

// quietFor is how long a quiet message waits for another one: until it comes, events that follow may have to wait, since those
// before are not known to have left.
const quietFor = 5 * time.Millisecond

// probeEvery is how often a node is asked that is not known to have got all batches.
const probeEvery = 500 * time.Millisecond

// Run sends what waits, until ctx is done and nothing waits.
func (l *Link) Run(ctx context.Context) {
	probes := time.NewTicker(probeEvery)
	defer probes.Stop()
	quiet, runs := time.NewTimer(quietFor), true
	defer quiet.Stop()
	for {
		select {
		case <-l.wake:
		case <-quiet.C:
			runs = false
		case <-l.stir:
			if !runs {
				quiet.Reset(quietFor)
				runs = true
			}
			continue
		case <-probes.C:
			l.probe()
		case <-ctx.Done():
			l.flush()
			return
		}
		l.flush()
	}
}

// flush sends what waits for all nodes.
func (l *Link) flush() {
	for _, t := range *l.targets.Load() {
		list := t.outbox.take()
		for i, b := range list {
			if !l.sendBatch(t, b) {
				t.outbox.giveBack(list[i:])
				l.rouse(soon)
				break
			}
		}
	}
}

// probe asks each node that is not known to have got all batches whether it has, and tells those who have asked.
func (l *Link) probe() {
	for _, t := range *l.targets.Load() {
		t.mu.Lock()
		due := t.owes || t.sent != t.known
		t.mu.Unlock()
		if due {
			l.sendBatch(t, make([]byte, headerSize))
		}
	}
}

// sendBatch sends a batch. The news that nobody is there to get it comes to a subject that says which epoch it was of.
func (l *Link) sendBatch(t *target, b []byte) bool {
	h := header{version: t.node.Version, from: l.o.Nodes.Number(), of: l.o.Nodes.Incarnation(), to: t.node.Incarnation, epoch: t.node.Epoch}
	to, own := strconv.Itoa(int(t.node.Number)), strconv.Itoa(int(h.from))
	m := wire.Message{
		Subject: l.o.Prefix + ".n." + to, Reply: l.o.Prefix + ".x." + own + "." + to + "." + strconv.FormatUint(uint64(h.epoch), 10), Data: b,
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if h.number, h.got = t.sent, t.got; len(b) > headerSize {
		h.number++
	}
	h.asks = h.number != t.known
	if h.put(b); !l.o.Wire.Send(m) {
		return false
	}
	t.sent, t.owes = h.number, false
	l.counts.batches.Add(1)
	return true
}
