package queue

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/event"
	"halley/bayeux/slab"
)

// naiveQueue is what queue must behave like: a list, and how much of its front is
// in flight.
type naiveQueue struct {
	events []event.Event
	sent   int
}

// TestQueueAgainstList drives queues that share one slab, and lists.
func TestQueueAgainstList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := nodes{}
		queues := make([]Queue, 3)
		lists := make([]naiveQueue, 3)
		for step := range rapid.IntRange(1, 200).Draw(t, "steps") {
			i := rapid.IntRange(0, 2).Draw(t, "queue")
			q, list := &queues[i], &lists[i]
			op := rapid.SampledFrom([]string{"push", "push", "push", "drop", "remove", "last", "send", "written", "bounced", "clear"}).Draw(t, "op")
			switch op {
			case "push":
				e := event.New([]byte("/a"), []byte(fmt.Sprint(step)), false)
				n.push(q, e)
				list.events = append(list.events, e)
			case "drop":
				if q.pending() > 0 {
					if got := n.dropOldest(q); got != list.events[list.sent] {
						t.Fatalf("dropped %s, want %s", got, list.events[list.sent])
					}
					list.events = slices.Delete(list.events, list.sent, list.sent+1)
				}
			case "remove", "last":
				if q.pending() > 0 {
					k := rapid.IntRange(list.sent, len(list.events)-1).Draw(t, "place")
					node := q.first
					for range k - list.sent {
						node = n.At(node).next
					}
					e := list.events[k]
					list.events = slices.Delete(list.events, k, k+1)
					if op == "remove" {
						n.remove(q, node)
					} else {
						n.toTail(q, node)
						list.events = append(list.events, e)
					}
				}
			case "send":
				if q.sent == 0 {
					sendAll(&n, q)
					list.sent = len(list.events)
				}
			case "written":
				n.written(q)
				list.events, list.sent = list.events[list.sent:], 0
			case "bounced":
				n.bounced(q)
				list.sent = 0
			case "clear":
				n.clear(q)
				*list = naiveQueue{}
			}
			compareQueue(t, &n, q, list)
		}
	})
}

// sendAll marks all pending events as in flight, as a reply does.
func sendAll(n *nodes, q *Queue) {
	for ; q.pending() > 0; q.sent++ {
		q.first = n.At(q.first).next
	}
}

func compareQueue(t *rapid.T, n *nodes, q *Queue, list *naiveQueue) {
	t.Helper()
	if int(q.count) != len(list.events) || int(q.sent) != list.sent {
		t.Fatalf("%d events, %d in flight; want %d, %d", q.count, q.sent, len(list.events), list.sent)
	}
	bytes, i := 0, q.head
	for k, want := range list.events {
		if k > 0 && n.At(n.At(i).prev).next != i {
			t.Fatalf("event %d does not know the one before it", k)
		}
		if k == list.sent && q.first != i {
			t.Fatalf("first pending is node %d, want %d", q.first, i)
		}
		if got := n.At(i).event; got != want {
			t.Fatalf("event %d is %s, want %s", k, got, want)
		}
		bytes += Cost(want)
		if k == len(list.events)-1 && q.tail != i {
			t.Fatalf("tail is node %d, want %d", q.tail, i)
		}
		i = n.At(i).next
	}
	if int(q.bytes) != bytes {
		t.Fatalf("%d bytes, want %d", q.bytes, bytes)
	}
}

// What waits for many sessions and is gone leaves no memory behind.
func TestNodesGoBack(t *testing.T) {
	n := nodes{}
	queues := make([]Queue, 1000)
	for round := range 3 {
		for i := range queues {
			for range 100 {
				n.push(&queues[i], "x")
			}
		}
		if want := 100 * (1 + nodeBytes); queues[0].Bytes() != want {
			t.Errorf("100 events of a byte count for %d bytes, want %d", queues[0].Bytes(), want)
		}
		for i := range queues {
			n.clear(&queues[i])
		}
		if held := n.Held(); held > slab.SpareChunks*slab.ChunkRecords || n.bytes != 0 {
			t.Errorf("round %d: %d nodes, %d bytes are left", round, held, n.bytes)
		}
	}
}
