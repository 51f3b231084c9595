package client_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"halley/bayeux/client"
	"halley/loop"
)

// serve runs a server of four event loops and gives the URL of its mount.
func serve(t *testing.T, change func(*loop.Config)) (*loop.Server, string) {
	t.Helper()
	cfg := loop.DefaultConfig()
	cfg.Listen, cfg.Loops, cfg.DrainTimeout = []string{"127.0.0.1:0"}, 4, 0
	cfg.MaxInterval, cfg.SlowTimeout, cfg.AdmitLag = 10*patience, 10*patience, 0 // a busy machine may keep a client away for long
	cfg.HeaderTimeout, cfg.BodyTimeout, cfg.IdleTimeout = 10*patience, 10*patience, 10*patience
	if change != nil {
		change(&cfg)
	}
	s, err := loop.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for !s.Ready() {
		time.Sleep(time.Millisecond)
	}
	return s, "http://" + s.Addresses()[0] + "/bayeux"
}

// follower is a client that runs, and the numbers that it was given.
type follower struct {
	*client.Client
	cancel context.CancelFunc
	done   chan error

	mu     sync.Mutex
	got    []int
	faults []error
}

// follow subscribes a client to /n.
func follow(t *testing.T, address string, types ...string) *follower {
	t.Helper()
	f := &follower{done: make(chan error, 1)}
	c, err := client.New(address, client.Options{
		ConnectionTypes: types, MinBackoff: 5 * time.Millisecond, MaxBackoff: 50 * time.Millisecond, OnError: f.fault,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Client = c
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	f.cancel = cancel
	if err := c.Handshake(ctx); err != nil {
		t.Fatal(err)
	}
	err = c.Subscribe(ctx, "/n", func(m client.Message) {
		n, err := strconv.Atoi(string(m.Data))
		if err != nil {
			t.Error(err)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.got = append(f.got, n)
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() { f.done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-f.done
		c.Close()
	})
	return f
}

func (f *follower) fault(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, err)
}

// patience bounds each wait of these tests; it is long because machines are busy.
const patience = time.Minute

// has waits until so many numbers have come, and checks that each came once and
// in order.
func (f *follower) has(t *testing.T, want int) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		f.mu.Lock()
		n := len(f.got)
		f.mu.Unlock()
		if n >= want {
			break
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.got) != want {
		t.Errorf("%d messages of %d came; faults %v", len(f.got), want, f.faults)
	}
	for i, n := range f.got {
		if n != i {
			t.Fatalf("message %d is %d; around it %v", i, n, f.got[max(i-3, 0):min(i+4, len(f.got))])
		}
	}
}

// until waits for a condition.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

func publish(t *testing.T, s *loop.Server, n int) {
	t.Helper()
	err := s.Publish([]loop.Publication{{Channel: []byte("/n"), Data: strconv.AppendInt(nil, int64(n), 10)}})
	if err != nil {
		t.Fatal(err)
	}
}

// A session that hops between all connection types under a steady feed sees
// every message once and in order.
func TestHopsUnderAFeed(t *testing.T) {
	s, address := serve(t, nil)
	f := follow(t, address)
	id, n := f.ID(), 0
	hops := []string{"websocket", "eventsource", "long-polling", "eventsource", "websocket", "long-polling"}
	for round := range 3 {
		for _, kind := range hops {
			if err := f.Use(kind); err != nil {
				t.Fatal(err)
			}
			for at := n; n < at+15 || f.ConnectionType() != kind; n++ {
				publish(t, s, n)
				time.Sleep(time.Duration(1+30*round*round) * 200 * time.Microsecond) // from a flood to a trickle
				if n > at+20_000 {
					t.Fatalf("%s is not reached; faults %v", kind, f.faults)
				}
			}
		}
	}
	f.has(t, n)
	if f.ID() != id {
		t.Errorf("the session changed from %s to %s", id, f.ID())
	}
	if len(f.faults) > 0 {
		t.Errorf("faults %v", f.faults)
	}
}

// Every connection type delivers, publishes, and ends when the server ends the
// session.
func TestEachTypeUntilTheServerEndsIt(t *testing.T) {
	for _, kind := range []string{"long-polling", "websocket", "eventsource"} {
		t.Run(kind, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			s, address := serve(t, nil)
			f := follow(t, address, kind)
			publish(t, s, 0)
			f.has(t, 1)
			if err := f.Publish(ctx, "/n", []byte("1")); err != nil {
				t.Fatal(err)
			}
			f.has(t, 2)
			if kind != "eventsource" {
				until(t, "a held connect", func() bool { return s.Stats().Held == 1 })
			}
			if known, err := s.Disconnect(ctx, f.ID()); !known || err != nil {
				t.Fatalf("the server does not know the session: %v", err)
			}
			// A connect may cross the news, and be refused.
			var refusal *client.BayeuxError
			if err := <-f.done; !errors.Is(err, client.ErrStopped) && !errors.As(err, &refusal) {
				t.Errorf("Run() = %v", err)
			}
			f.done <- nil
		})
	}
}

// Streams that roll over lose nothing.
func TestEventSourceRollsOver(t *testing.T) {
	s, address := serve(t, func(c *loop.Config) { c.StreamBytes = 1 << 10 })
	f := follow(t, address, "eventsource")
	for n := range 400 {
		publish(t, s, n)
		if n%40 == 0 {
			f.has(t, n+1)
		}
	}
	f.has(t, 400)
}

// Publishing from a handler works on every type.
func TestHandlersMayPublish(t *testing.T) {
	for _, kind := range []string{"long-polling", "websocket", "eventsource"} {
		t.Run(kind, func(t *testing.T) {
			s, address := serve(t, nil)
			f := follow(t, address, kind)
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			err := f.Subscribe(ctx, "/ask", func(m client.Message) {
				if err := f.Publish(ctx, "/n", m.Data); err != nil {
					t.Error(err)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			for n := range 20 {
				err := s.Publish([]loop.Publication{{Channel: []byte("/ask"), Data: fmt.Append(nil, n)}})
				if err != nil {
					t.Fatal(err)
				}
			}
			f.has(t, 20)
		})
	}
}

func TestPlainEvents(t *testing.T) {
	s, address := serve(t, func(c *loop.Config) { c.Rules = []string{"/hidden/** subscribe=none"} })
	address = address[:len(address)-len("/bayeux")] + "/events?channel="
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got, done := make(chan string, 10), make(chan error, 1)
	go func() {
		done <- client.Events(ctx, address+"/a&channel=/b/*", client.Options{}, func(m client.Message) {
			got <- m.Channel + " " + string(m.Data)
		})
	}()
	until(t, "a subscriber", func() bool { return s.Stats().Sessions == 1 })
	for _, m := range []struct{ channel, data string }{{"/a", "1.10"}, {"/b/c", "{}"}} {
		if err := s.Publish([]loop.Publication{{Channel: []byte(m.channel), Data: []byte(m.data)}}); err != nil {
			t.Fatal(err)
		}
		if got, want := <-got, m.channel+" "+m.data; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Events() = %v", err)
	}
	var status *client.StatusError
	err := client.Events(context.Background(), address+"/hidden/x", client.Options{}, nil)
	if !errors.As(err, &status) || status.Status != 403 {
		t.Errorf("Events() of a hidden channel = %v", err)
	}
}
