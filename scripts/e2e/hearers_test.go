//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"halley/bayeux/client"
)

// hearers are Go clients that hear a feed of numbers, a third of them by each connection type.
type hearers []*hearer

// hearer is one of them.
type hearer struct {
	client *client.Client
	id     string // of its session

	mu    sync.Mutex
	heard []int
}

// gather has clients subscribe to a channel. They stay until the test ends.
func gather(t *testing.T, ctx context.Context, endpoint, channel string, size int, options func(i int) client.Options) hearers {
	t.Helper()
	all := make(hearers, size)
	var running sync.WaitGroup
	ctx, leave := context.WithCancel(ctx)
	t.Cleanup(func() { leave(); running.Wait() })
	for i := range all {
		o := options(i)
		if o.ConnectionTypes == nil {
			o.ConnectionTypes = []string{[]string{"websocket", "eventsource", "long-polling"}[i%3]}
		}
		h := new(hearer)
		var err error
		if h.client, err = client.New(endpoint, o); err != nil {
			t.Fatal(err)
		}
		if err := h.client.Handshake(ctx); err != nil {
			t.Fatalf("client %d: %v", i, err)
		}
		h.id = h.client.ID()
		running.Go(func() {
			defer h.client.Close()
			_ = h.client.Run(ctx) // until the test ends
		})
		if err := h.client.Subscribe(ctx, channel, h.hear); err != nil {
			t.Fatalf("client %d: %v", i, err)
		}
		all[i] = h
	}
	return all
}

func (h *hearer) hear(message client.Message) {
	n := -1
	_ = json.Unmarshal(message.Data, &n) // -1 is out of order, too
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, n)
}

// count is how many numbers it has heard.
func (h *hearer) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.heard)
}

// least is how many numbers the hearer has heard that has heard the fewest.
func (all hearers) least() int {
	return slices.MinFunc(all, func(a, b *hearer) int { return a.count() - b.count() }).count()
}

// await waits until everybody has heard so many numbers.
func (all hearers) await(t *testing.T, ctx context.Context, numbers int) {
	t.Helper()
	eventually(t, ctx, fmt.Sprintf("%d numbers with all", numbers), func() bool { return all.least() >= numbers })
}

// judge waits until everybody has heard so many numbers, each once and in order, in the session of the start.
func (all hearers) judge(t *testing.T, ctx context.Context, numbers int) {
	t.Helper()
	all.await(t, ctx, numbers)
	for i, h := range all {
		h.mu.Lock()
		for n, got := range h.heard {
			if got != n {
				t.Errorf("client %d has %d where %d belongs, of %d", i, got, n, numbers)
				break
			}
		}
		h.mu.Unlock()
		if id := h.client.ID(); id != h.id {
			t.Errorf("client %d has session %q in place of %q", i, id, h.id)
		}
	}
}

// feedNumbers publishes numbers on a channel, as a back-end does, until it is stopped. That gives how many there were.
func feedNumbers(t *testing.T, ctx context.Context, s *mortal, channel string) (stop func() int) {
	end, count := make(chan struct{}), make(chan int, 1)
	go func() {
		n := 0
		defer func() { count <- n }()
		for {
			select {
			case <-end:
				return
			case <-ctx.Done():
				return
			case <-time.After(25 * time.Millisecond):
			}
			if !s.publish(fmt.Sprintf(`{"channel":%q,"data":%d}`, channel, n)) {
				t.Errorf("number %d is not published", n)
				return
			}
			n++
		}
	}()
	return sync.OnceValue(func() int { close(end); return <-count })
}
