package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"halley/bayeux/event"
	"halley/loop/bus"
	"halley/loop/cluster/nats"
	"halley/loop/sequence"
	"halley/loop/settings"
	"halley/scripts/loopback"
)

// TestMain finds goroutines that are left. One waits for a clients' port for ever in each NATS server that has none.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*Server).StartRouting"))
}

// fakeServer is a server whose clients want the channels that it watches.
type fakeServer struct {
	arrived  chan string
	mu       sync.Mutex
	troubles map[string]string
	wants    []string
}

func newServer(wants ...string) *fakeServer {
	return &fakeServer{arrived: make(chan string, 1000), troubles: make(map[string]string), wants: wants}
}

func (s *fakeServer) Arrived(list []event.Event) {
	for _, e := range list {
		s.arrived <- fmt.Sprint(e)
	}
}

func (s *fakeServer) Busy() bool                         { return false }
func (s *fakeServer) TellMissed(context.Context, string) {}

func (s *fakeServer) NodeGone(_ uint16, done func()) { done() }

func (s *fakeServer) WatchChannels(watch func(pattern string, on bool)) {
	for _, pattern := range s.wants {
		watch(pattern, true)
	}
}

func (s *fakeServer) Trouble(part, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.troubles[part] = why
}

// trouble is why the server is not ready; empty: it is.
func (s *fakeServer) trouble() (all string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, why := range s.troubles {
		all += why
	}
	return all
}

// node is a Cluster of a test.
type node struct {
	*Cluster
	*fakeServer
	leave func() error
}

// join starts a node whose NATS is in this process.
func join(t *testing.T, listen, peer string, server *fakeServer) *node {
	t.Helper()
	return joinBy(t, func(s *nats.Settings) { s.Listen, s.Peers = listen, []string{peer} }, server)
}

// joinBy starts a node.
func joinBy(t *testing.T, way func(*nats.Settings), server *fakeServer) *node {
	t.Helper()
	var s Settings
	settings.Default(&s)
	way(&s.NATS)
	s.Nodes.Timeout = 600 * time.Millisecond
	c, err := Open(t.Context(), s, Options{MaxMessage: 1 << 16, MaxChannelLength: 256, Loops: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	c.Link(&bus.Local{Node: c.Node()})
	c.Log(sequence.New(sequence.Options{}))
	c.Begin(server)
	go func() { done <- c.Run(ctx, server) }()
	n := &node{c, server, sync.OnceValue(func() error {
		cancel()
		return <-done
	})}
	t.Cleanup(func() {
		if err := n.leave(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// until waits for something.
func until(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

// Two nodes bring each other what is published on channels that the other's clients want, and know when the other leaves.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	here, there := loopback.Address(t), loopback.Address(t)
	a := join(t, here, there, newServer("/a/*"))
	b := join(t, there, here, newServer("/b"))
	until(t, func() bool { return a.Figures().Nodes.Alive == 2 && b.Figures().Nodes.Alive == 2 && a.trouble() == "" })
	if a.Node() == b.Node() || a.Congested() || a.Most() < 1<<16 {
		t.Errorf("nodes %d and %d, %v, %d", a.Node(), b.Node(), a.Congested(), a.Most())
	}
	carried := func(from, to *node, channel string) {
		until(t, func() bool {
			from.Spread(event.New([]byte(channel), []byte("7"), false))
			return len(to.arrived) > 0
		})
		if got := <-to.arrived; !strings.Contains(got, channel) || !strings.Contains(got, "7") {
			t.Error(got)
		}
	}
	carried(b, a, "/a/1")
	carried(a, b, "/b")
	if f := a.Figures(); f.Spread.In == 0 || f.Spread.Out == 0 || !f.Wire.Up {
		t.Errorf("%+v", f)
	}
	until(t, func() bool { return a.Eldest() && !b.Eldest() }) // for a moment two are that lost each other
	before := a.Figures().Spread.Gaps
	b.Drain()
	if err := b.leave(); err != nil {
		t.Error(err)
	}
	until(t, func() bool { return a.Figures().Nodes.Alive == 1 && a.Figures().Nodes.Lost.Farewell == 1 })
	if got := a.Figures().Spread.Gaps - before; got != 0 {
		t.Errorf("%d gaps by a node that has said all before it left", got)
	}
	b.Close()
}

// A node whose NATS is gone is not ready until it is back.
func TestNATSGoesAndComesBack(t *testing.T) {
	t.Parallel()
	options := &server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true}
	begin := func() *server.Server {
		s, err := server.NewServer(options)
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		if !s.ReadyForConnections(time.Minute) {
			t.Fatal("not ready")
		}
		return s
	}
	s := begin()
	n := joinBy(t, func(to *nats.Settings) { to.Servers = settings.Secret(s.ClientURL()) }, newServer())
	until(t, func() bool { return n.trouble() == "" })
	s.Shutdown()
	s.WaitForShutdown()
	until(t, func() bool { return n.trouble() != "" && !n.Figures().Wire.Up })
	if why := n.trouble(); !strings.Contains(why, "NATS") {
		t.Error(why)
	}
	s = begin()
	defer s.Shutdown()
	until(t, func() bool { return n.trouble() == "" })
}

// Settings that are of no use are told with the flag, and what may not be meant is doubted.
func TestSettings(t *testing.T) {
	t.Parallel()
	var s Settings
	settings.Default(&s)
	if s.Active() || s.Check() != nil || s.Doubt() != "" {
		t.Error("nothing is set")
	}
	s.Required = true
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "--cluster-required: needs") {
		t.Error(err)
	}
	s.NATS.Listen = ":6222"
	if err := s.Check(); !s.Active() || err == nil || !strings.Contains(err.Error(), "--cluster-peer") || s.Doubt() == "" {
		t.Error(err)
	}
	if _, err := Open(t.Context(), s, Options{Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("it is opened")
	}
}
