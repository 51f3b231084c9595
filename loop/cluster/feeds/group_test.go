package feeds

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// A queue group keeps no order: which is why one node imports, and not a group of them. Each member takes the time of a publish.
func TestGroupsHaveNoOrder(t *testing.T) {
	ns := natsServer(t, server.Options{})
	var newest, taken, late atomic.Int64
	const messages = 20_000
	for range 2 {
		if _, err := publisher(t, ns).QueueSubscribe("a", "group", func(m *nats.Msg) {
			var n int64
			if _, err := fmt.Sscan(string(m.Data), &n); err != nil {
				t.Error(err)
			}
			for {
				last := newest.Load()
				if n < last {
					late.Add(1)
					break
				}
				if newest.CompareAndSwap(last, n) {
					break
				}
			}
			taken.Add(1)
		}); err != nil {
			t.Fatal(err)
		}
	}
	p := publisher(t, ns)
	eventually(t, func() bool {
		all, err := ns.Connz(&server.ConnzOptions{})
		subs := uint32(0)
		for _, c := range all.Conns {
			subs += c.NumSubs
		}
		return err == nil && subs == 2
	})
	for n := range messages {
		send(t, p, "a", fmt.Sprint(n))
	}
	eventually(t, func() bool { return taken.Load() == messages })
	if t.Logf("%d of %d messages came behind a newer one", late.Load(), messages); late.Load() == 0 {
		t.Error("a group keeps the order: the eldest is not needed")
	}
}

// BenchmarkUnwanted is what a message costs that nobody here wants, up to where it is published.
func BenchmarkUnwanted(b *testing.B) {
	f, err := New(Settings{URL: "nats://127.0.0.1:1", Imports: lines("stock.> /stock/**"), Buffer: 1 << 20}, Options{MaxMessage: 1000, MaxDepth: 10})
	if err != nil {
		b.Fatal(err)
	}
	f.server = &halley{fail: func([]Publication) error { return nil }}
	s := f.imports[0]
	m := &nats.Msg{Subject: "stock.eu.ACME", Data: []byte(`{"price":101.25,"size":300,"time":"2026-11-30T12:00:00.123Z"}`)}
	b.ReportAllocs()
	for b.Loop() {
		s.came(m)
		s.inbox.first(1)
	}
}
