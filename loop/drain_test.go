package loop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// running is a server that a test stops itself.
type running struct {
	*Server
	stop  context.CancelFunc
	ended chan error
}

func run(t testing.TB, change func(*Config)) running {
	t.Helper()
	s, err := New(config(change))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := running{Server: s, stop: stop, ended: make(chan error, 1)}
	go func() { r.ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		s.engine.Stop(context.Background())
	})
	s.Addresses()
	return r
}

// wait waits for Run to return.
func (r running) wait(t testing.TB) {
	t.Helper()
	select {
	case err := <-r.ended:
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(deadline):
		t.Fatal("Run does not return")
	}
}

// interval is the advice that a connect reply gives, in milliseconds.
func interval(t testing.TB, messages []map[string]any) int {
	t.Helper()
	advice, _ := messages[len(messages)-1]["advice"].(map[string]any)
	equal(t, advice["reconnect"], "retry")
	n := -1
	fmt.Sscan(fmt.Sprint(advice["interval"]), &n)
	return n
}

// A drain answers every held poll, wherever its connection is, with advice that
// spreads the return of the clients.
func TestDrainAnswersHeldPolls(t *testing.T) {
	t.Parallel()
	const clients = 40
	s := run(t, func(c *Config) { c.Loops, c.DrainTimeout = 4, 15*time.Second })
	home := dial(t, s.Server)
	var polls []*wire
	for range clients {
		id := home.subscriber("/a")
		w := dial(t, s.Server)
		w.send(post(connect(id)))
		polls = append(polls, w)
	}
	eventually(t, func() bool { return s.Stats().Held == clients })
	equal(t, s.Ready(), true)
	s.stop()
	different := make(map[int]bool)
	for _, w := range polls {
		n := interval(t, w.messages())
		if n < 0 || n >= 15_000 {
			t.Errorf("interval %d is outside of the drain window", n)
		}
		different[n] = true
	}
	if len(different) < clients/2 {
		t.Errorf("%d clients return at %d instants", clients, len(different))
	}
	equal(t, s.Ready(), false)
	if err := s.Publish(publication("/a", "1")); !errors.Is(err, ErrClosed) {
		t.Errorf("Publish while draining: %v", err)
	}
	s.wait(t)
	for _, w := range polls {
		w.mustEnd()
	}
}

// While output waits for a slow client the drain waits too, and holds no poll.
func TestDrainFlushesOutput(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", 4<<20)
	s := run(t, func(c *Config) {
		c.DrainTimeout, c.MaxOutput = 15*time.Second, 16<<20
		c.Pages = func(string) (Page, bool) { return Page{Body: []byte(body)}, true }
	})
	slow, other := dialSlow(t, s.Server), dial(t, s.Server)
	id := other.subscriber("/a")
	slow.send(request("GET", "/"))
	eventually(t, func() bool { return s.Stats().BytesOut > uint64(len(body)) })
	s.stop()
	eventually(t, func() bool { return !s.Ready() })
	if n := interval(t, other.bayeux(connect(id))); n < 0 {
		t.Error("a connect while draining is held")
	}
	if got := slow.read(); got.body != body {
		t.Errorf("%d bytes of %d", len(got.body), len(body))
	}
	s.wait(t)
}

// A client that never reads cannot keep the server from ending.
func TestDrainTimesOut(t *testing.T) {
	t.Parallel()
	body := make([]byte, 4<<20)
	s := run(t, func(c *Config) {
		c.DrainTimeout, c.MaxOutput = 300*time.Millisecond, 16<<20
		c.Pages = func(string) (Page, bool) { return Page{Body: body}, true }
	})
	w := dialSlow(t, s.Server)
	w.send(request("GET", "/"))
	eventually(t, func() bool { return s.Stats().BytesOut > uint64(len(body)) })
	s.stop()
	s.wait(t)
}

// A drain of more than a loop handles at a time goes on to the end: what is left
// over is posted by a helper that must not end first.
func TestDrainUnderLoad(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *Config) { c.DrainTimeout = 15 * time.Second })
	w := dial(t, s.Server)
	id := w.subscriber("/a")
	w.holdConnect(s.Server, id)
	stuck := make(chan struct{})
	s.post(0, entry{kind: entryCall, call: func(*reactor) { <-stuck }}, nil)
	for range 5 * turnEntries {
		mustPublish(t, s.Server, "/other", "1")
		s.post(0, entry{kind: entryCall, call: func(*reactor) {}}, nil)
	}
	s.stop()
	eventually(t, func() bool { return !s.Ready() })
	close(stuck)
	if n := interval(t, w.messages()); n < 0 {
		t.Error("no advice")
	}
	s.wait(t)
}

// A server that stops before it is up, or whose address is taken, returns.
func TestRunEndsEarly(t *testing.T) {
	t.Parallel()
	s, err := New(config(nil))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := s.Run(ctx); err != nil {
		t.Error(err)
	}
}
