package bayeux

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/event"
	"halley/bayeux/work"
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
		n := newNodes()
		queues := make([]queue, 3)
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
						node = n.at(node).next
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
func sendAll(n *nodes, q *queue) {
	for i := q.first; q.sent < q.count; i = n.at(i).next {
		q.first = n.at(i).next
		q.sent++
	}
}

func compareQueue(t *rapid.T, n *nodes, q *queue, list *naiveQueue) {
	t.Helper()
	if int(q.count) != len(list.events) || int(q.sent) != list.sent {
		t.Fatalf("%d events, %d in flight; want %d, %d", q.count, q.sent, len(list.events), list.sent)
	}
	bytes, i := 0, q.head
	for k, want := range list.events {
		if k > 0 && n.at(n.at(i).prev).next != i {
			t.Fatalf("event %d does not know the one before it", k)
		}
		if k == list.sent && q.first != i {
			t.Fatalf("first pending is node %d, want %d", q.first, i)
		}
		if got := n.at(i).event; got != want {
			t.Fatalf("event %d is %s, want %s", k, got, want)
		}
		bytes += int(cost(want))
		if k == len(list.events)-1 && q.tail != i {
			t.Fatalf("tail is node %d, want %d", q.tail, i)
		}
		i = n.at(i).next
	}
	if int(q.bytes) != bytes {
		t.Fatalf("%d bytes, want %d", q.bytes, bytes)
	}
}

// TestConflateAgainstList compares one pass of conflation with the obvious way.
func TestConflateAgainstList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Server{Meter: work.NewMeter(0), nodes: newNodes(), conflater: newConflater(), newest: make(map[string]uint32), drops: make(map[uint32]*losses)}
		var q queue
		channels := rapid.SliceOfN(rapid.IntRange(0, 4), 1, 30).Draw(t, "channels")
		sent := rapid.IntRange(0, len(channels)).Draw(t, "sent")
		var events []event.Event
		for k, c := range channels {
			if k == sent {
				sendAll(&s.nodes, &q)
			}
			e := event.New([]byte(fmt.Sprintf("/c%d", c)), []byte(fmt.Sprint(k)), false)
			s.nodes.push(&q, e)
			events = append(events, e)
		}
		if sent == len(channels) {
			sendAll(&s.nodes, &q)
		}
		want := slices.Clone(events[:sent])
		for k, e := range events[sent:] {
			later := slices.ContainsFunc(events[sent+k+1:], func(o event.Event) bool { return o.Channel() == e.Channel() })
			if !later {
				want = append(want, e)
			}
		}
		removed := s.conflate(0, &q)
		compareQueue(t, &s.nodes, &q, &naiveQueue{events: want, sent: sent})
		if int(removed) != len(events)-len(want) {
			t.Fatalf("removed %d, want %d", removed, len(events)-len(want))
		}
	})
}
