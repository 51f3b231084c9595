package loop

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestReplayAtScale tells what it costs when readers come back at once after a
// restart: 300,000 events on 1,000 channels to each of 1, 10 and 100 readers, beside
// 200 publishes a second. It takes minutes, so it runs only where HALLEY_REPLAY is
// set; HALLEY_REPLAY=short has a tenth of the events.
func TestReplayAtScale(t *testing.T) {
	total := 300_000
	switch os.Getenv("HALLEY_REPLAY") {
	case "":
		t.Skip("HALLEY_REPLAY is not set")
	case "short":
		total /= 10
	}
	path := filepath.Join(t.TempDir(), "history")
	config := func(c *Config) {
		c.Loops, c.Rules, c.HistoryFile = 2, []string{"/h/** history=1000000", "/live history=1000000"}, path
		c.HistoryBytes = 1 << 30
	}
	t.Run("before", func(t *testing.T) { publishMany(t, start(t, config), 1000, total) })
	for _, readers := range []int{1, 10, 100} {
		t.Run(fmt.Sprint(readers), func(t *testing.T) {
			s := start(t, config)
			ctx, stop := context.WithCancel(context.Background())
			waits := publishAlways(ctx, s)
			before, begun := cpu(), time.Now()
			var group sync.WaitGroup
			for range readers {
				w := dial(t, s)
				id := w.handshake()
				group.Go(func() { countReplay(t, w, id, total) })
			}
			group.Wait()
			used, took := cpu()-before, time.Since(begun)
			stop()
			stats := s.Stats()
			t.Logf("%d readers: %.2f µs of CPU an event, clients included; %v of CPU in %v; %d parts, %d events read, lock held for %v at most, longest publish %v",
				readers, float64(used.Microseconds())/float64(readers*total), used, took.Round(time.Millisecond),
				stats.History.Pages, stats.History.Read, stats.History.LongestHold, <-waits)
		})
	}
}

// countReplay subscribes from the beginning and polls until all events have come.
func countReplay(t *testing.T, w *wire, id string, total int) {
	got := 0
	count := func(body string) {
		w.send(post(body))
		got += strings.Count(w.read().body, `"channel":"/h/`)
	}
	count(subscribeFrom(id, "/h/**", "-2"))
	for got < total && !t.Failed() {
		count(connect(id))
	}
	if got != total {
		t.Errorf("%d events of %d", got, total)
	}
}

// publishAlways publishes 200 times a second until ctx is done, and tells then how long
// the slowest one took.
func publishAlways(ctx context.Context, s *Server) <-chan time.Duration {
	longest := make(chan time.Duration, 1)
	go func() {
		slowest := time.Duration(0)
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				longest <- slowest
				return
			case <-ticker.C:
			}
			begun := time.Now()
			s.Publish(publication("/live", "1"))
			slowest = max(slowest, time.Since(begun))
		}
	}()
	return longest
}

// cpu is what the process has used.
func cpu() time.Duration {
	var usage unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
