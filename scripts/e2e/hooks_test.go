//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"halley/bayeux/client"
)

// The clients of the test of hooks: hearers of a feed, and those about whom the hook is asked all the time.
const (
	hookHearers    = 60
	hookPublishers = 30
)

// A hook that answers, then hangs, then answers again decides while it answers. While it hangs --hook-failure does, for each
// question in time and not only for the first, and the deliveries of others go on.
func TestHookThatHangsUnderLoad(t *testing.T) {
	for _, failure := range []string{"deny", "allow"} {
		t.Run(failure, func(t *testing.T) {
			t.Parallel()
			hang(t, failure)
		})
	}
}

func hang(t *testing.T, failure string) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	decider := new(hook)
	program := httptest.NewServer(decider)
	t.Cleanup(program.Close)
	t.Cleanup(func() { decider.hang(false) })
	s := &mortal{listen: freeAddress(t), internal: freeAddress(t), flags: []string{"--hook-url=" + program.URL, "--hook-timeout=2s",
		"--hook-failure=" + failure, "--loops=2"}}
	s.start(t, ctx)
	defer func() { s.kill() }()
	endpoint := "http://" + s.listen + "/bayeux"

	everybody := gather(t, ctx, endpoint, "/feed", hookHearers, func(int) client.Options { return client.Options{} })
	stop := feedNumbers(t, ctx, s, "/feed")
	defer stop()
	asking := startAskers(t, ctx, endpoint)

	asking.expect(t, ctx, "", "hook_no")
	decider.hang(true)
	during := map[string][2]string{"deny": {"hook_unavailable", "hook_unavailable"}, "allow": {"", ""}}[failure]
	asking.expect(t, ctx, during[0], during[1])
	eventually(t, ctx, "the hook to be asked no more", func() bool { return s.figure(t, ctx, "halley_hook_shut") == 1 })
	asking.expect(t, ctx, during[0], during[1])
	if said := shakes(ctx, endpoint); (said == "") != (failure == "allow") {
		t.Errorf("a handshake while the hook hangs: %q", said)
	}
	everybody.await(t, ctx, everybody.least()+40) // deliveries go on
	asking.expect(t, ctx, during[0], during[1])
	decider.hang(false)
	asking.expect(t, ctx, "", "hook_no")

	asking.stop()
	everybody.judge(t, ctx, stop())
	if timeouts := s.figure(t, ctx, `halley_hook_failures_total{kind="timeout"}`); timeouts == 0 {
		t.Error("no question was in vain")
	}
	if panics := s.figure(t, ctx, "halley_panics_total"); panics != 0 {
		t.Errorf("%v panics", panics)
	}
}

// shakes is what the server says to a handshake, empty if it takes it.
func shakes(ctx context.Context, endpoint string) string {
	c, err := client.New(endpoint, client.Options{})
	if err == nil {
		defer c.Close()
		err = c.Handshake(ctx)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// hook allows everything but /forbidden, while it does not hang.
type hook struct {
	mu    sync.Mutex
	hangs chan struct{} // closed when it hangs no more; nil while it does not
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var question struct{ Channel string }
	if err := json.NewDecoder(r.Body).Decode(&question); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	hangs := h.hangs
	h.mu.Unlock()
	if hangs != nil {
		select {
		case <-hangs:
		case <-r.Context().Done():
		}
	}
	fmt.Fprintf(w, `{"allow":%v,"reason":"hook_no"}`, question.Channel != "/forbidden")
}

func (h *hook) hang(yes bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case yes:
		h.hangs = make(chan struct{})
	case h.hangs != nil:
		close(h.hangs)
		h.hangs = nil
	}
}

// askers are clients that publish without an end, each to one channel, and have the hook asked by that.
type askers struct {
	stop func()
	mu   sync.Mutex
	said [hookPublishers]string // the last answer that each has had
	news [hookPublishers]int    // answers like it in a row, since expect was called
}

// slowest is how long an answer may take, on a machine with other things to do; the time-out of the hook is a part of it.
const slowest = time.Minute

func startAskers(t *testing.T, ctx context.Context, endpoint string) *askers {
	t.Helper()
	a := new(askers)
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	a.stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(a.stop)
	for i := range hookPublishers {
		c, err := client.New(endpoint, client.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Handshake(ctx); err != nil {
			t.Fatal(err)
		}
		running.Go(func() {
			defer c.Close()
			_ = c.Run(ctx) // until they stop
		})
		running.Go(func() { a.ask(t, ctx, c, i) })
	}
	return a
}

// channelOf is the channel of an asker: the hook forbids one.
func channelOf(i int) string { return []string{"/talk", "/forbidden"}[i%2] }

func (a *askers) ask(t *testing.T, ctx context.Context, c *client.Client, i int) {
	for ctx.Err() == nil {
		within, cancel := context.WithTimeout(ctx, slowest)
		err := c.Publish(within, channelOf(i), json.RawMessage("1"))
		late := within.Err() != nil && ctx.Err() == nil
		cancel()
		if late {
			t.Errorf("client %d has no answer after %v", i, slowest)
			return
		}
		said := ""
		if err != nil {
			said = err.Error()
		}
		a.mu.Lock()
		if said != a.said[i] {
			a.said[i], a.news[i] = said, 0
		}
		a.news[i]++
		a.mu.Unlock()
		time.Sleep(10 * time.Millisecond) // so that others have their turn
	}
}

// expect waits until each client has had some answers in a row that contain a text, empty for yes: of the channel that the
// hook allows, and of the one that it forbids.
func (a *askers) expect(t *testing.T, ctx context.Context, allowed, forbidden string) {
	t.Helper()
	a.mu.Lock()
	a.news = [hookPublishers]int{}
	a.mu.Unlock()
	eventually(t, ctx, fmt.Sprintf("the answers %q and %q", allowed, forbidden), func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		for i, said := range a.said {
			want := []string{allowed, forbidden}[i%2]
			if a.news[i] < 3 || (want == "") != (said == "") || !strings.Contains(said, want) {
				return false
			}
		}
		return true
	})
}
