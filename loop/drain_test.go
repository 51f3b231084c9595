package loop

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
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
	return made(t, change).runs(t)
}

// runs runs a server that is made until the test stops it.
func (s *Server) runs(t testing.TB) running {
	ctx, stop := context.WithCancel(context.Background())
	r := running{Server: s, stop: stop, ended: make(chan error, 1)}
	go func() { r.ended <- s.Run(ctx) }()
	t.Cleanup(stop)
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

// A drain answers every held poll, wherever its connection is, and closes that: its
// client comes back when it is answered. Who polls the server still is told to come back
// within the window.
func TestDrainAnswersHeldPolls(t *testing.T) {
	t.Parallel()
	const clients = 40
	body := make([]byte, 4<<20)
	s := run(t, func(c *Config) {
		c.Loops, c.DrainTimeout, c.MaxOutput, c.Hold = 4, unhurried, 16<<20, unhurried
		c.Pages = func(string) (Page, bool) { return Page{Body: body}, true }
	})
	home := dial(t, s.Server)
	var polls []*wire
	for range clients {
		id := home.subscriber("/a")
		w := dial(t, s.Server)
		w.send(post(connect(id)))
		polls = append(polls, w)
	}
	slow := dialSlow(t, s.Server) // lets the drain wait
	slow.send(request("GET", "/"))
	eventually(t, func() bool { return s.Stats().Held == clients && s.Stats().BytesOut > 4<<20 })
	equal(t, s.Ready(), true)
	s.stop()
	for _, w := range polls {
		a := w.read()
		equal(t, a.Close, true)
		equal(t, decode(t, a.body), []any{map[string]any{"channel": "/meta/connect", "successful": true}})
	}
	equal(t, s.Ready(), false)
	id := home.handshake()
	home = dial(t, s.Server)
	if n := interval(t, home.bayeux(connect(id))); n < 0 || n >= int(unhurried.Milliseconds()) {
		t.Errorf("interval %d is outside of the drain window", n)
	}
	home.mustEnd()
	if err := s.Publish(publication("/a", "1")); !errors.Is(err, ErrClosed) {
		t.Errorf("Publish while draining: %v", err)
	}
	slow.read()
	s.wait(t)
	for _, w := range polls {
		w.mustEnd()
	}
}

// A stream that a drain ends takes its connection along, so that its client comes back to
// the next server.
func TestDrainClosesStreams(t *testing.T) {
	t.Parallel()
	body := make([]byte, 4<<20)
	s := run(t, func(c *Config) {
		c.DrainTimeout, c.MaxOutput = deadline, 16<<20
		c.Pages = func(string) (Page, bool) { return Page{Body: body}, true }
	})
	bodies := map[string]*bufio.Reader{}
	var wires []*wire
	for name := range streamRequests("") {
		w := dial(t, s.Server)
		_, bodies[name] = w.openStream(streamRequests(w.subscriber("/a"))[name])
		wires = append(wires, w)
	}
	slow := dialSlow(t, s.Server) // lets the drain wait
	slow.send(request("GET", "/"))
	eventually(t, func() bool { return s.Stats().BytesOut > 4<<20 })
	s.stop()
	for name, in := range bodies {
		if _, err := io.ReadAll(in); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, w := range wires {
		if _, err := w.in.ReadByte(); err != io.EOF {
			t.Errorf("after a stream: %v", err)
		}
	}
	equal(t, len(slow.read().body), len(body))
	s.wait(t)
}

// The last client goes at the end of the time, no sooner and no later, and about as many
// in each step; few go as fast as a loop lets them.
func TestDueNow(t *testing.T) {
	for _, row := range []struct{ clients, steps, least, most int }{
		{0, 1, 0, 0}, {1, 1, 1, 1}, {40, 8, 5, 5}, {750, 150, 5, 5}, {10_000, 150, 50, 67}, {100_000, 150, 600, 667},
	} {
		left, steps := row.clients, 0
		for time := int64(7500); left > 0; time -= 50 {
			n := dueNow(left, drainLeast, 50, time)
			if n < min(row.least, left) || n > row.most {
				t.Fatalf("%d of %d with %d ms left", n, row.clients, time)
			}
			left -= n
			steps++
		}
		if steps > row.steps {
			t.Errorf("%d clients go in %d steps", row.clients, steps)
		}
	}
}

// While output waits for a slow client the drain waits too, and holds no poll.
func TestDrainFlushesOutput(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", 4<<20)
	s := run(t, func(c *Config) {
		c.DrainTimeout, c.MaxOutput = deadline, 16<<20
		c.Pages = func(string) (Page, bool) { return Page{Body: []byte(body)}, true }
	})
	slow, other := dialSlow(t, s.Server), dial(t, s.Server)
	id := other.subscriber("/a")
	slow.send(request("GET", "/"))
	eventually(t, func() bool { return s.Stats().BytesOut > uint64(len(body)) })
	s.stop()
	eventually(t, func() bool { return !s.Ready() })
	reply := other.bayeux(connect(id))
	if reply[0]["advice"] == nil { // it was held before the drain came to this loop
		reply = dial(t, s.Server).bayeux(connect(id))
	}
	if n := interval(t, reply); n < 0 {
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
	s := run(t, func(c *Config) { c.DrainTimeout = deadline })
	w := dial(t, s.Server)
	id := w.subscriber("/a")
	w.holdConnect(s.Server, id)
	stuck := make(chan struct{})
	s.do(0, func(*reactor) { <-stuck })
	for range 5 * turnEntries {
		mustPublish(t, s.Server, "/other", "1")
		s.do(0, func(*reactor) {})
	}
	s.stop()
	eventually(t, func() bool { return !s.Ready() })
	close(stuck)
	equal(t, w.messages()[0]["successful"], true)
	s.wait(t)
}

// A server that stops before it is up, or whose address is taken, returns.
func TestRunEndsEarly(t *testing.T) {
	t.Parallel()
	s := made(t, nil)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := s.Run(ctx); err != nil {
		t.Error(err)
	}
}

// A client whose events do not fit into the reply that lets it go has its connection until
// it has got all of them, and the drain waits for it.
func TestDrainWaitsForTheRest(t *testing.T) {
	t.Parallel()
	const events = 20
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s := run(t, func(c *Config) {
				c.Loops, c.DrainTimeout, c.ReplyBytes, c.Rules = loops, deadline, 5000, []string{"/a lazy=60s"}
			})
			w := dial(t, s.Server)
			id := dial(t, s.Server).subscriber("/a") // on any loop
			w.holdConnect(s.Server, id)
			for range events {
				mustPublish(t, s.Server, "/a", `"`+strings.Repeat("x", 1000)+`"`)
			}
			eventually(t, func() bool {
				queued := 0
				s.visit(t.Context(), func(r *reactor) {
					for _, info := range r.core.Sessions(r.now(), 10) {
						queued += info.Queued
					}
				})
				return queued == events
			})
			s.stop()
			for got := 0; got < events; {
				a := w.read()
				messages := decode(t, a.body)
				got += len(messages) - 1
				equal(t, a.Close, got == events)
				equal(t, interval(t, messages) == 0, got < events)
				if got < events {
					w.send(post(connect(id)))
				}
			}
			s.wait(t)
		})
	}
}
