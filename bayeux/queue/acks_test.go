package queue

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/event"
)

// TestAcknowledgedOnce lets replies to a client get lost, and connects of its come late.
// Each connect names the last reply that the client has got, so it has every event once,
// in order.
func TestAcknowledgedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStore(Config{Settings: Settings{QueueMessages: 1000, QueueBytes: 1 << 20}})
		queues := make([]Queue, 1)
		q := &queues[0]
		s.Open(q, 3, true)
		var want, got, reply []event.Event
		number, arrived := uint32(0), []uint32{0} // of the reply under way, 0 without one; of those that have arrived
		connect := func(acks uint32, most int) {
			s.Acked(q, int64(acks))
			s.Return(q)
			if number, reply = q.NextReply(), nil; most > 0 {
				s.Take(q, number, func(e event.Event) bool {
					if len(reply) < most {
						reply = append(reply, e)
						return true
					}
					return false
				})
			}
		}
		for step := range rapid.IntRange(1, 100).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"push", "push", "connect", "arrives", "late"}).Draw(t, "op") {
			case "push":
				e := event.New([]byte("/a"), fmt.Append(nil, step), false)
				s.Push(q, e)
				want = append(want, e)
			case "connect":
				connect(arrived[len(arrived)-1], rapid.IntRange(0, 4).Draw(t, "most"))
			case "arrives":
				if number > 0 {
					got, arrived, reply, number = append(got, reply...), append(arrived, number), nil, 0
				}
			case "late": // its reply goes nowhere
				connect(rapid.SampledFrom(arrived).Draw(t, "acks"), 0)
				reply, number = nil, 0
			}
			checkStore(t, s, queues)
			if len(s.carried[3]) > maxCarried {
				t.Fatalf("%d replies are remembered", len(s.carried[3]))
			}
		}
		connect(arrived[len(arrived)-1], 1000)
		got = append(got, reply...)
		if !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		if s.Acked(q, int64(number)); q.Len() != 0 || len(s.carried) != 0 {
			t.Fatalf("%d events, %d replies are left after the last acknowledgement", q.Len(), len(s.carried))
		}
	})
}

// Numbers that no reply had tell nothing.
func TestWrongAcknowledgements(t *testing.T) {
	s := newStore(Config{Settings: Settings{QueueMessages: 10, QueueBytes: 1000}})
	var q Queue
	s.Open(&q, 0, true)
	s.Push(&q, event.New([]byte("/a"), []byte("1"), false))
	if done := s.Acked(&q, 1); done != 0 {
		t.Errorf("%d are acknowledged that were never sent", done)
	}
	s.Take(&q, q.NextReply(), func(event.Event) bool { return true })
	for _, number := range []int64{-1, 0} {
		if done := s.Acked(&q, number); done != 0 {
			t.Errorf("%d acknowledges %d events", number, done)
		}
	}
	if done := s.Acked(&q, 1<<40); done != 1 {
		t.Errorf("a number beyond the last reply acknowledges %d events, want all", done)
	}
}
