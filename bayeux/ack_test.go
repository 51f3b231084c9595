package bayeux

import (
	"fmt"
	"testing"

	"halley/bayeux/queue"
)

// A client that acknowledges nothing keeps no more than a queue holds, and is told of
// what it lost.
func TestUnacknowledgedEventsAreBounded(t *testing.T) {
	for _, slow := range []queue.Policy{queue.DropOldest, queue.Conflate, queue.Disconnect} {
		t.Run(fmt.Sprint(slow), func(t *testing.T) {
			cfg := testConfig()
			cfg.Slow, cfg.QueueBytes, cfg.QueueMessages = slow, 1<<20, 1000
			b := newBacklogOf(t, true, cfg, 0, 0)
			a, _ := b.server.Find([]byte(b.id))
			for i := range 100 {
				b.publish(10, 10_000)
				r := b.server.sessions.find(a)
				if slow == queue.Disconnect && i > 10 {
					b.server.Flush(b.now, 1, &b.fx)
					if b.server.sessions.find(a) != nil {
						t.Fatal("the session goes on")
					}
					return
				}
				if r == nil || r.queue.Bytes() > 1<<20 || r.queue.Len() > 110 {
					t.Fatalf("round %d: %+v", i, r)
				}
				b.talk(t, fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q}`, b.id))
			}
			st, q := b.server.Stats(), &b.server.sessions.find(a).queue
			if st.QueueDropped < 850 || int(st.QueueDropped)+q.Len() != 1000 {
				t.Errorf("%d dropped, %d wait", st.QueueDropped, q.Len())
			}
			b.server.queues.SettleLosses(q, false) // what the last reply told is lost, too
			if told := b.server.queues.Lost(q); told != st.QueueDropped {
				t.Errorf("%d of %d are told", told, st.QueueDropped)
			}
		})
	}
}
