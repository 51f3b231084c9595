package spread

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"halley/bayeux/event"
	"halley/loop/cluster/nats"
	"halley/loop/cluster/subject"
	"halley/loop/settings"
	"halley/scripts/loopback"
)

// member is a node on NATS with all that runs.
type member struct {
	*Spread
	*fakeServer
}

// members are nodes that are joined by NATS servers in this process.
func members(t testing.TB, n int, exact int) (list []*member) {
	t.Helper()
	var addresses []string
	for range n {
		addresses = append(addresses, loopback.Address(t))
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	var wires []*nats.Wire
	t.Cleanup(func() {
		cancel()
		running.Wait()
		for _, w := range wires {
			end, done := context.WithTimeout(context.Background(), 5*time.Second)
			w.Close(end)
			done()
		}
	})
	for i := range addresses {
		var s nats.Settings
		settings.Default(&s)
		s.Listen, s.Peers = addresses[i], append(append([]string(nil), addresses[:i]...), addresses[i+1:]...)
		w, err := nats.Open(s, 1<<16, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		wires = append(wires, w)
		m := &member{fakeServer: &fakeServer{missed: make(chan string, 1000)}}
		if m.Spread, err = New(w, subject.Of("x"), Origin{uint16(i + 1), uint64(i + 1)}, Settings{Exact: exact}, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
		running.Go(func() { m.Run(ctx, m.fakeServer) })
	}
	for _, m := range list { // until all have heard of all
		await(t, func() bool { return m.Figures().Origins == int64(n-1) })
	}
	return list
}

func await(t testing.TB, is func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}

// confirmed waits until all others have confirmed a node's subscriptions.
func (m *member) confirmed(t testing.TB) {
	t.Helper()
	await(t, func() bool {
		m.in.wants.mu.Lock()
		waits := len(m.in.wants.changed) > 0 || m.in.wants.batch == 0
		m.in.wants.mu.Unlock()
		return !waits && !m.in.unconfirmed()
	})
}

// Over NATS each node gets what it wants of two others, once, in the order of each publisher and channel, and is told of no gap.
func TestOverNATS(t *testing.T) {
	t.Parallel()
	list := members(t, 3, 5)
	const channels, each = 20, 500
	for _, p := range []string{"/a/**", "/a/*", "/a/7"} {
		list[0].Want(p, true)
	}
	for n := range channels {
		list[1].Want(fmt.Sprint("/a/", n), true) // most of them by buckets
	}
	list[0].confirmed(t)
	list[1].confirmed(t)
	var all sync.WaitGroup
	for from, m := range list[1:] {
		all.Go(func() {
			for n := range each {
				for c := range channels {
					for m.Congested() {
						time.Sleep(time.Millisecond)
					}
					m.Offer(event.New(fmt.Appendf(nil, "/a/%d", c), fmt.Appendf(nil, `"%d %d"`, from, n), false))
				}
			}
		})
	}
	all.Wait()
	for i, want := range []int{2 * channels * each, channels * each} {
		m := list[i]
		await(t, func() bool { return m.count() >= want })
		last := make(map[string]int)
		for _, e := range m.got {
			var from, n int
			if _, err := fmt.Sscanf(e.Data(), `"%d %d"`, &from, &n); err != nil {
				t.Fatal(err)
			}
			key := fmt.Sprint(from, e.Channel())
			if n != last[key] {
				t.Fatalf("node %d got %s after %d", i, e, last[key]-1)
			}
			last[key] = n + 1
		}
	}
	time.Sleep(3 * beatEvery) // for digests
	for i, m := range list[:2] {
		if f := m.Figures(); f.Gaps > 0 || f.Malformed > 0 || f.Overflowed > 0 {
			t.Errorf("node %d: %+v", i, f)
		}
	}
}

// What is published on another node when it is known there that somebody has subscribed comes.
func TestSubscriptionOverNATS(t *testing.T) {
	t.Parallel()
	list := members(t, 2, 20)
	a, b := list[0], list[1]
	for round := range 50 {
		name := fmt.Sprintf("/round/%d", round)
		b.Want(name, true)
		known := make(chan struct{})
		b.Await([]string{name}, func() { close(known) })
		<-known
		const messages = 20
		for n := range messages {
			a.Offer(event.New([]byte(name), fmt.Appendf(nil, "%d", n), false))
		}
		await(t, func() bool { return b.countOf(name) == messages || len(b.missed) > 0 })
		if len(b.missed) > 0 {
			t.Fatalf("round %d: %s is told", round, <-b.missed)
		}
	}
}

// countOf is how many events of a channel have come.
func (m *member) countOf(name string) (n int) {
	m.fakeServer.mu.Lock()
	defer m.fakeServer.mu.Unlock()
	for _, e := range m.got {
		if e.Channel() == name {
			n++
		}
	}
	return n
}

// BenchmarkChannelsOverNATS tells what 18,000 own channels of one node take on it and on another one together.
func BenchmarkChannelsOverNATS(b *testing.B) {
	for name, exact := range map[string]int{"exact": 20_000, "buckets": 0} {
		b.Run(name, func(b *testing.B) {
			const channels = 18_000
			for b.Loop() {
				list := members(b, 2, exact)
				names := make([]string, channels)
				for i := range names {
					names[i] = fmt.Sprintf("/user/%d/inbox", i)
				}
				before, begin := heap(), time.Now()
				for _, name := range names {
					list[0].Want(strings.Clone(name), true)
				}
				list[0].confirmed(b)
				b.ReportMetric(time.Since(begin).Seconds(), "s")
				time.Sleep(time.Second)
				b.ReportMetric(float64(heap()-before)/channels, "B/channel")
				runtime.KeepAlive(list)
			}
		})
	}
}
