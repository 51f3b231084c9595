package upstream_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"halley/bayeux/client"
	"halley/loop"
	"halley/loop/hops"
	"halley/loop/upstream"
	"halley/scripts/loopback"
)

// node is a server that passes messages on.
type node struct {
	*loop.Server
	router  *upstream.Router
	address string
	stop    func()
}

// routed is a server as its router sees it.
type routed struct{ *loop.Server }

func (r routed) Publish(batch []upstream.Publication) error {
	list := make([]loop.Publication, len(batch))
	for i, p := range batch {
		list[i] = loop.Publication{Channel: p.Channel, Data: p.Data, Passed: &loop.Passed{Binary: p.Binary, Trail: p.Trail}}
	}
	err := r.Server.Publish(list)
	var refused loop.ChannelError
	if errors.As(err, &refused) {
		return &upstream.Refusal{Index: refused.Index, Reason: refused.Reason}
	}
	return err
}

// start runs a server with upstreams, at an address or any.
func start(t *testing.T, listen string, s upstream.Settings, change func(*loop.Config)) *node {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	cfg := loop.DefaultConfig()
	cfg.Listen, cfg.Loops, cfg.MaxConnections, cfg.DrainTimeout, cfg.Log = []string{listen}, 2, 1000, 0, log
	cfg.MaxInterval, cfg.AdmitLag = 10*patience, 0 // a busy machine may keep a client away for long
	cfg.Hops = hops.New(s.Marked())
	if change != nil {
		change(&cfg)
	}
	if s.Buffer == 0 {
		s.Buffer = 1 << 20
	}
	router, err := upstream.New(s, cfg.Hops, log)
	if err != nil {
		t.Fatal(err)
	}
	if router != nil {
		cfg.Tap = router
	}
	server, err := loop.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if router != nil {
		router.Begin(routed{server})
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		if err := server.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	until(t, "the server", server.Ready)
	if router != nil {
		group.Go(func() { router.Run(ctx) })
	}
	n := &node{Server: server, router: router, address: "http://" + server.Addresses()[0] + "/bayeux"}
	n.stop = sync.OnceFunc(func() {
		cancel()
		group.Wait()
	})
	t.Cleanup(n.stop)
	return n
}

// to are the settings of a server with upstreams, all with the same routes.
func to(routes []string, upstreams ...string) upstream.Settings {
	return upstream.Settings{Upstreams: upstreams, Routes: routes, Linger: 50 * time.Millisecond}
}

// patience bounds each wait; it is long because machines are busy.
const patience = time.Minute

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); {
		if time.Now().After(end) {
			t.Fatal("timed out waiting for ", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// subscriber is a client with what it has got.
type subscriber struct {
	*client.Client
	mu   sync.Mutex
	got  []string
	lost []string
}

func subscribe(t *testing.T, n *node, patterns ...string) *subscriber {
	t.Helper()
	s := &subscriber{}
	c, err := client.New(n.address, client.Options{
		ConnectionTypes: []string{"websocket"}, MinBackoff: 20 * time.Millisecond,
		Handler: func(m client.Message) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.got = append(s.got, string(m.Data))
		},
		OnError: func(err error) {
			if dropped := new(client.DroppedError); errors.As(err, &dropped) {
				s.mu.Lock()
				defer s.mu.Unlock()
				for name := range dropped.Channels {
					s.lost = append(s.lost, name)
				}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Client = c
	if err := c.Handshake(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan bool)
	go func() {
		c.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		c.Close()
	})
	for _, p := range patterns {
		if err := c.Subscribe(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *subscriber) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func (s *subscriber) publish(t *testing.T, channel string, data any) {
	t.Helper()
	text, _ := json.Marshal(data)
	if err := s.Publish(t.Context(), channel, text); err != nil {
		t.Fatal(err)
	}
}

// subscribed waits until the routers have so many subscriptions at their upstreams.
func subscribed(t *testing.T, want int64, nodes ...*node) {
	t.Helper()
	for _, n := range nodes {
		until(t, "subscriptions upstream", func() bool {
			for _, u := range n.router.Figures().Upstreams {
				if !u.Connected || u.Subscriptions != want {
					return false
				}
			}
			return true
		})
	}
}

func numbers(from, to int) (list []string) {
	for n := from; n <= to; n++ {
		list = append(list, strconv.Itoa(n))
	}
	return list
}

// gets waits until a subscriber has what it is to get, and then for what would be too much.
func (s *subscriber) gets(t *testing.T, want []string) {
	t.Helper()
	until(t, fmt.Sprint(len(want), " messages"), func() bool { return len(s.all()) >= len(want) })
	time.Sleep(50 * time.Millisecond)
	if got := s.all(); !slices.Equal(got, want) {
		t.Errorf("got %d messages %.200q, want %d", len(got), got, len(want))
	}
}

// A chain of three brings 1,000 messages of each end to the other, in order and once, whatever subscriptions overlap.
func TestChain(t *testing.T) {
	t.Parallel()
	top := start(t, "127.0.0.1:0", upstream.Settings{}, nil)
	middle := start(t, "127.0.0.1:0", to([]string{"/a/** both"}, top.address), nil)
	low := start(t, "127.0.0.1:0", to([]string{"/a/** both"}, middle.address), nil)
	above, below := subscribe(t, top, "/**"), subscribe(t, low, "/a/b", "/a/*", "/a/**", "/x")
	subscribed(t, 3, middle, low)
	const count = 1000
	var group sync.WaitGroup
	group.Go(func() {
		for n := 1; n <= count; n += 20 {
			var batch []loop.Publication
			for i := range 20 {
				batch = append(batch, loop.Publication{Channel: []byte("/a/b"), Data: fmt.Append(nil, n+i)})
			}
			if err := top.Publish(batch); err != nil {
				t.Error(err)
			}
		}
	})
	group.Wait()
	below.gets(t, numbers(1, count))
	above.gets(t, numbers(1, count))
	for n := 1; n <= count; n++ {
		below.publish(t, "/a/b", count+n)
	}
	above.gets(t, numbers(1, 2*count))
	below.gets(t, numbers(1, 2*count))
	top.Publish([]loop.Publication{{Channel: []byte("/x"), Data: []byte("0")}}) // of no route
	below.gets(t, numbers(1, 2*count))
}

// An upstream is subscribed to as long as somebody wants it, and the linger longer.
func TestInterestComesAndGoes(t *testing.T) {
	t.Parallel()
	top := start(t, "127.0.0.1:0", upstream.Settings{}, nil)
	low := start(t, "127.0.0.1:0", to([]string{"/a/** in"}, top.address), nil)
	patterns := func() string {
		list, err := top.Channels(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range list {
			names = append(names, c.Channel)
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	one, two := subscribe(t, low, "/a/b", "/x"), subscribe(t, low, "/a/b", "/**")
	until(t, "both patterns", func() bool { return patterns() == "/a/** /a/b" })
	if err := one.Unsubscribe(t.Context(), "/a/b"); err != nil {
		t.Fatal(err)
	}
	if err := two.Unsubscribe(t.Context(), "/**"); err != nil {
		t.Fatal(err)
	}
	until(t, "one pattern", func() bool { return patterns() == "/a/b" })
	if err := two.Disconnect(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "none", func() bool { return patterns() == "" })
}

// Servers that pass everything to each other, two or three in a ring, bring each message everywhere once.
func TestRings(t *testing.T) {
	t.Parallel()
	for _, size := range []int{2, 3} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			var addresses []string
			for range size {
				addresses = append(addresses, loopback.Address(t))
			}
			var ring []*node
			for i := range size {
				next := "http://" + addresses[(i+1)%size] + "/bayeux"
				ring = append(ring, start(t, addresses[i], to([]string{"/a both"}, next), nil))
			}
			var clients []*subscriber
			for _, n := range ring {
				clients = append(clients, subscribe(t, n, "/a"))
			}
			subscribed(t, 1, ring...)
			for i, c := range clients {
				for n := range 20 {
					c.publish(t, "/a", 100*i+n)
				}
			}
			var want []string
			for i := range size {
				want = append(want, numbers(100*i, 100*i+19)...)
			}
			for i, c := range clients {
				until(t, "all messages", func() bool { return len(c.all()) >= len(want) })
				time.Sleep(50 * time.Millisecond)
				got := c.all()
				for from := range size { // each publisher's are in order
					own := slices.DeleteFunc(slices.Clone(got), func(s string) bool { n, _ := strconv.Atoi(s); return n/100 != from })
					if !slices.Equal(own, numbers(100*from, 100*from+19)) {
						t.Errorf("client %d has of %d: %q", i, from, own)
					}
				}
			}
		})
	}
}

// What goes to one server by two others comes there once: whether they pass it out to it, or it takes it in from them.
func TestDiamond(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"out", "in"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			route := []string{"/a " + kind}
			marked := func(s upstream.Settings) upstream.Settings { s.Marks = kind == "in"; return s }
			far := start(t, "127.0.0.1:0", marked(upstream.Settings{}), nil)
			left, right := start(t, "127.0.0.1:0", to(route, far.address), nil), start(t, "127.0.0.1:0", to(route, far.address), nil)
			near := start(t, "127.0.0.1:0", to(route, left.address, right.address), nil)
			from, end := near, far
			if kind == "in" {
				from, end = far, near
			}
			s := subscribe(t, end, "/a")
			if kind == "in" {
				subscribed(t, 1, near, left, right)
			} else {
				subscribed(t, 0, near, left, right)
			}
			for n := range 100 {
				if err := from.Publish([]loop.Publication{{Channel: []byte("/a"), Data: fmt.Append(nil, n)}}); err != nil {
					t.Fatal(err)
				}
			}
			until(t, "the messages and their doubles", func() bool { return len(s.all()) >= 100 && end.Stats().Hops.Drops.Doubled >= 100 })
			time.Sleep(50 * time.Millisecond)
			// They keep their order on each way. Here one way may be ahead with some, and the other one with the next.
			got := s.all()
			slices.SortFunc(got, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
			if doubled := end.Stats().Hops.Drops.Doubled; !slices.Equal(got, numbers(0, 99)) || doubled != 100 {
				t.Errorf("%d doubles, got %q", doubled, got)
			}
		})
	}
}

// An upstream that is started again: what was published here meanwhile goes to it, what it has with a history comes, and of the
// rest subscribers are told.
func TestUpstreamRestarts(t *testing.T) {
	t.Parallel()
	top := start(t, loopback.Address(t), upstream.Settings{}, nil)
	listen := top.Addresses()[0]
	low := start(t, "127.0.0.1:0", to([]string{"/a/** both"}, top.address), nil)
	below := subscribe(t, low, "/a/b")
	subscribed(t, 1, low)
	below.publish(t, "/a/b", 1)
	top.stop()
	until(t, "the loss", func() bool { return !low.router.Figures().Upstreams[0].Connected })
	below.publish(t, "/a/b", 2)
	top = start(t, listen, upstream.Settings{}, nil)
	above := subscribe(t, top, "/a/**")
	until(t, "what waited", func() bool { return low.router.Figures().Upstreams[0].Waiting == 0 })
	subscribed(t, 1, low)
	below.publish(t, "/a/b", 3)
	until(t, "the last message", func() bool { return slices.Contains(above.all(), "3") })
	below.gets(t, numbers(1, 3))
	until(t, "the gap", func() bool {
		_ = top.Publish([]loop.Publication{{Channel: []byte("/a/b"), Data: []byte("4")}}) // which it is told with
		below.mu.Lock()
		defer below.mu.Unlock()
		return slices.Contains(below.lost, "/a/b")
	})
}
