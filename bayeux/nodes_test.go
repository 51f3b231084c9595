package bayeux

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/event"
)

// TestNodesAgainstMap takes and frees nodes in any order: each keeps its event, and what
// is empty goes back but for one chunk.
func TestNodesAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, kept := newNodes(), map[uint32]event.Event{}
		var order []uint32
		for step := range rapid.IntRange(1, 8).Draw(t, "steps") {
			for i := range rapid.IntRange(0, 3*chunkNodes).Draw(t, "taken") {
				e := event.New([]byte("/a"), fmt.Append(nil, step, i), false)
				k := n.take(e)
				if _, used := kept[k]; used {
					t.Fatalf("node %d is given twice", k)
				}
				kept[k] = e
				order = append(order, k)
			}
			for range rapid.IntRange(0, len(order)).Draw(t, "freed") {
				i := rapid.IntRange(0, len(order)-1).Draw(t, "which")
				n.put(order[i])
				delete(kept, order[i])
				order[i] = order[len(order)-1]
				order = order[:len(order)-1]
			}
			for k, e := range kept {
				if n.at(k).event != e {
					t.Fatalf("node %d lost its event", k)
				}
			}
			checkChunks(t, &n, len(kept))
		}
	})
}

func checkChunks(t *rapid.T, n *nodes, used int) {
	empty, total := 0, 0
	for _, c := range n.chunks {
		if total += int(c.used); c.nodes != nil && c.used == 0 {
			empty++
		}
	}
	if empty > 1 || empty != n.empty || total != used {
		t.Fatalf("%d empty chunks, counted %d; %d nodes in use, want %d", empty, n.empty, total, used)
	}
	if len(n.open) > len(n.chunks) {
		t.Fatalf("%d open chunks of %d", len(n.open), len(n.chunks))
	}
}

// What waits for many sessions and is gone leaves no memory behind.
func TestNodesGoBack(t *testing.T) {
	n := newNodes()
	queues := make([]queue, 1000)
	for round := range 3 {
		for i := range queues {
			for range 100 {
				n.push(&queues[i], "x")
			}
		}
		if want := 100 * (1 + nodeBytes); queues[0].bytes != want {
			t.Errorf("100 events of a byte count for %d bytes, want %d", queues[0].bytes, want)
		}
		for i := range queues {
			n.clear(&queues[i])
		}
		chunks := 0
		for _, c := range n.chunks {
			if c.nodes != nil {
				chunks++
			}
		}
		if chunks > 1 || len(n.chunks) > 1+1000*100/chunkNodes {
			t.Errorf("round %d: %d chunks, %d places are left", round, chunks, len(n.chunks))
		}
	}
}

// A client that acknowledges nothing keeps no more than a queue holds, and is told of
// what it lost.
func TestUnacknowledgedEventsAreBounded(t *testing.T) {
	for _, slow := range []Slow{DropOldest, Conflate, Disconnect} {
		t.Run(fmt.Sprint(slow), func(t *testing.T) {
			cfg := testConfig()
			cfg.Slow = slow
			b := newBacklog(t, true, cfg, 0, 0)
			b.server.cfg.QueueBytes, b.server.cfg.QueueMessages = 1<<20, 1000
			a, _ := b.server.Find([]byte(b.id))
			for i := range 100 {
				b.publish(10, 10_000)
				r := b.server.sessions.find(a)
				if slow == Disconnect && i > 10 {
					b.server.Flush(b.now, 1, &b.fx)
					if b.server.sessions.find(a) != nil {
						t.Fatal("the session goes on")
					}
					return
				}
				if r == nil || r.queue.bytes > 1<<20 || r.queue.count > 110 {
					t.Fatalf("round %d: %+v", i, r)
				}
				b.talk(t, fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q}`, b.id))
			}
			if st := b.server.Stats(); st.QueueDropped < 850 || int(st.QueueDropped)+int(b.server.sessions.find(a).queue.count) != 1000 {
				t.Errorf("%d dropped, %d wait", st.QueueDropped, b.server.sessions.find(a).queue.count)
			}
			told := uint64(0)
			l := b.server.drops[a.Slot]
			for _, n := range []map[string]uint64{l.counts, l.told} {
				told += n["/a"]
			}
			if told != b.server.Stats().QueueDropped {
				t.Errorf("%d of %d are told", told, b.server.Stats().QueueDropped)
			}
		})
	}
}
