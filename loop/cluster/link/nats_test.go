package link

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"halley/bayeux"
	"halley/loop/bus"
	"halley/loop/cluster/nats"
	"halley/loop/cluster/nodes"
	"halley/loop/settings"
	"halley/scripts/loopback"
)

// TestMain finds goroutines that are left. One waits for a clients' port for ever in each NATS server that has none.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*Server).StartRouting"))
}

// far is a node over NATS, with one loop.
type far struct {
	*Link
	nodes *nodes.Nodes
	wire  *nats.Wire
	box   *bus.Box
	inbox bus.Inbox
	wake  chan struct{}
}

// farNode joins a node by an embedded server.
func farNode(t testing.TB, listen, peer string, found chan struct{}) *far {
	t.Helper()
	var s nats.Settings
	settings.Default(&s)
	s.Listen, s.Peers = listen, []string{peer}
	w, err := nats.Open(s, 1<<16, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	f := &far{wire: w, wake: make(chan struct{}, 1)}
	f.box = bus.NewBox(64<<20, new(atomic.Int32), func() {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	})
	f.nodes, err = nodes.Open(t.Context(), nodes.Options{Settings: nodes.Settings{Timeout: 3 * time.Second}, Wire: w, Prefix: "p", Loops: 1,
		Versions: nodes.Versions{Least: bus.Oldest, Most: bus.Version}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	f.Link, err = New(Options{Settings: Settings{Outbox: 64 << 20}, Wire: w, Prefix: "p", Nodes: f.nodes,
		Local: &bus.Local{Node: f.nodes.Number(), Boxes: []*bus.Box{f.box}}})
	if err != nil {
		t.Fatal(err)
	}
	f.nodes.Watch(nodes.Watcher{Came: func(nodes.Node) { found <- struct{}{} }, Gone: func(_ nodes.Node, done func()) { done() }})
	return f
}

// overNATS joins two nodes by embedded servers.
func overNATS(t testing.TB) (a, b *far) {
	t.Helper()
	var addresses [2]string
	for i := range addresses {
		addresses[i] = loopback.Address(t)
	}
	found := make(chan struct{}, 100)
	a, b = farNode(t, addresses[0], addresses[1], found), farNode(t, addresses[1], addresses[0], found)
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	for _, f := range []*far{a, b} {
		running.Go(func() { f.Link.Run(ctx) })
		running.Go(func() { _ = f.nodes.Run(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		running.Wait()
		for _, f := range []*far{a, b} {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			f.wire.Close(ctx)
			cancel()
		}
	})
	for range 2 {
		<-found
	}
	return a, b
}

// run handles what comes to the node's loop until done is closed.
func (f *far) run(done chan struct{}, handle func(*bus.Message)) {
	for {
		select {
		case <-f.wake:
		case <-done:
			return
		}
		for {
			f.box.Swap(&f.inbox)
			m, _ := f.inbox.Next()
			if m == nil {
				break
			}
			for ; m != nil; m, _ = f.inbox.Next() {
				handle(m)
			}
		}
	}
}

// Two nodes bring each other messages over NATS; who sends to one that has ended hears of it in a fraction of the timeout.
func TestOverNATS(t *testing.T) {
	a, b := overNATS(t)
	to := bayeux.Place{Node: b.nodes.Number()}
	send := func(size int) {
		a.Send(bus.Message{To: to, Kind: bus.Batch, Request: bayeux.Request{To: bayeux.ReplyTo{Node: a.nodes.Number()}}, Data: make([]byte, size)})
	}
	const long = 1500 << 10
	send(long)
	<-b.wake
	b.box.Swap(&b.inbox)
	if m, _ := b.inbox.Next(); m == nil || len(m.Data) != long {
		t.Errorf("%+v", m)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.wire.Close(ctx)
	naps := 0 // a busy machine has fewer of them in a second
	for ; a.Reaches(to.Node); naps++ {
		send(1)
		time.Sleep(time.Millisecond)
	}
	if naps > 2000 {
		t.Errorf("heard after %d naps", naps)
	}
}
