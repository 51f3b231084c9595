package link

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"halley/bayeux"
	"halley/loop/bus"
	"halley/loop/cluster/nodes"
	"halley/loop/cluster/wire"
)

const timeout = 3 * time.Second

// world is some nodes with links, on a wire, and their clock.
type world struct {
	net   wire.Network
	now   time.Duration
	nodes []*member
	log   bytes.Buffer
	boxes int // their limit; 0: 1 MiB
}

// member is a node of one loop with its link.
type member struct {
	*nodes.Nodes
	*Link
	world *world
	wire  *wire.Memory
	box   *bus.Box
	inbox bus.Inbox
	home  bool
	still bool
	clock chan struct{} // a step of Run, and its end
	gone  []uint16
	end   func()
}

// stepped is the clock of a node: Run goes on when it is told to.
type stepped struct {
	world   *world
	running chan struct{} // nil while the node claims its number
}

// Now implements nodes.Clock.
func (c *stepped) Now() time.Duration { return c.world.now }

// Unix implements nodes.Clock.
func (c *stepped) Unix() int64 { return 1_800_000_000_000 + c.world.now.Milliseconds() }

// Wait implements nodes.Clock.
func (c *stepped) Wait(ctx context.Context, _ time.Duration) error {
	if c.running == nil {
		c.world.net.Deliver()
		return ctx.Err()
	}
	c.running <- struct{}{} // the step before is over
	select {
	case <-c.running:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join adds a node.
func (w *world) join(t testing.TB, number uint16, change ...func(*Options)) *member {
	t.Helper()
	m := &member{world: w, wire: w.net.Join(), home: true, clock: make(chan struct{})}
	clock := &stepped{world: w}
	var err error
	m.Nodes, err = nodes.Open(t.Context(), nodes.Options{
		Settings: nodes.Settings{Timeout: timeout}, Wire: m.wire, Prefix: "p", Loops: 1, Versions: nodes.Versions{Least: bus.Oldest, Most: bus.Version},
		Log: slog.New(slog.NewTextHandler(&w.log, nil)), Clock: clock,
		Random: func(b []byte) {
			if len(b) == 2 {
				binary.BigEndian.PutUint16(b, number)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.box = bus.NewBox(cmp.Or(w.boxes, 1<<20), new(atomic.Int32), func() {})
	o := Options{Settings: Settings{Outbox: 1 << 20}, Wire: m.wire, Prefix: "p", Nodes: m.Nodes,
		Local: &bus.Local{Node: m.Number(), Boxes: []*bus.Box{m.box}, Home: func(uint16) bool { return m.home }}}
	for _, c := range change {
		c(&o)
	}
	if m.Link, err = New(o); err != nil {
		t.Fatal(err)
	}
	m.Watch(nodes.Watcher{Came: func(nodes.Node) {}, Gone: func(n nodes.Node, done func()) { m.gone = append(m.gone, n.Number); done() }})
	clock.running = m.clock
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- m.Nodes.Run(ctx) }()
	<-m.clock // it waits for the first time
	m.end = sync.OnceFunc(func() { cancel(); <-over })
	t.Cleanup(m.end)
	w.nodes = append(w.nodes, m)
	return m
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	for end := w.now + d; w.now < end; {
		w.now += timeout / 12
		for _, m := range w.nodes {
			if m.still {
				continue
			}
			m.clock <- struct{}{}
			<-m.clock
			m.probe()
			m.flush()
		}
		w.net.Deliver()
	}
}

// arrive has what was sent arrive.
func (w *world) arrive() {
	for _, m := range w.nodes {
		if !m.still {
			m.flush()
		}
	}
	w.net.Deliver()
}

// pause has a node stand still, or go on.
func (m *member) pause(still bool) {
	m.still = still
	m.wire.Pause(still)
}

// received takes what its loop was told.
func (m *member) received() (list []string) {
	for {
		m.box.Swap(&m.inbox)
		if m.inbox.Left() == 0 {
			return list
		}
		for message, _ := m.inbox.Next(); message != nil; message, _ = m.inbox.Next() {
			list = append(list, describe(message))
		}
	}
}

func describe(m *bus.Message) string {
	switch m.Kind {
	case bus.Batch, bus.Open:
		return fmt.Sprintf("batch %d %s", m.Request.To.Serial, m.Data)
	case bus.Report:
		return fmt.Sprintf("report %d upto %d", m.Report.Kind, m.Report.Upto)
	case bus.Lost:
		return fmt.Sprintf("lost %d", m.Request.To.Serial)
	}
	return fmt.Sprintf("kind %d", m.Kind)
}

// batch is a request of this node for a session of another.
func (m *member) batch(to *member, serial int, data string) bus.Message {
	return bus.Message{To: bayeux.Place{Node: to.Number()}, Kind: bus.Batch, Data: []byte(data),
		Request: bayeux.Request{To: bayeux.ReplyTo{Node: m.Number(), Serial: uint32(serial)}}}
}

// written is the report of this node on a reply for a session of another.
func (m *member) written(to *member, upto int, quiet bool) bus.Message {
	return bus.Message{To: bayeux.Place{Node: to.Number()}, Kind: bus.Report, Quiet: quiet,
		Report: bayeux.Report{Kind: bayeux.Written, Session: bayeux.Address{Node: to.Number()}, Upto: uint32(upto)}}
}
