package queue

import (
	"slices"
	"testing"

	"halley/bayeux/event"
	"halley/bayeux/work"
)

func told(n string) event.Event { return event.New([]byte("/a"), []byte(n), false) }

// sent puts events into a queue and in flight.
func sent(s *Store, q *Queue, list ...event.Event) (upto uint32) {
	for _, e := range list {
		s.Push(q, e)
	}
	s.Take(q, 0, func(event.Event) bool { return true })
	return q.Upto()
}

// pending is what waits in a queue.
func pending(s *Store, q *Queue) (list []event.Event) {
	s.Each(q, func(e event.Event) bool { list = append(list, e); return true })
	return list
}

// A report ends the flight of exactly the events that it names: one that comes too late says nothing of those that
// are in flight now.
func TestLateReportsOfAFate(t *testing.T) {
	s := newStore(Config{Settings: Settings{QueueMessages: 10, QueueBytes: 1 << 10}})
	var q Queue
	s.Open(&q, 1, false)
	first := sent(s, &q, told("1"), told("2"))
	if done := s.Written(&q, first+1, false); done != 0 || q.InFlight() != 2 {
		t.Errorf("%d are written by a report of others", done)
	}
	if back := s.Bounced(&q, first-1); back != 0 || q.InFlight() != 2 {
		t.Errorf("%d came back by a report of others", back)
	}
	if done := s.Written(&q, first, false); done != 2 || q.Len() != 0 {
		t.Errorf("%d are written, %d left", done, q.Len())
	}
	if done := s.Written(&q, first, false); done != 0 {
		t.Errorf("%d are written twice", done)
	}
	second := sent(s, &q, told("3"))
	if back := s.Bounced(&q, second); back != 1 || q.InFlight() != 0 || !slices.Equal(pending(s, &q), []event.Event{told("3")}) {
		t.Errorf("%d came back, %q wait", back, pending(s, &q))
	}
	if back := s.Bounced(&q, second); back != 0 {
		t.Errorf("%d came back twice", back)
	}
}

// The kernel's word counts for a client that acknowledges only on a stream.
func TestWrittenToAnAcknowledgingClient(t *testing.T) {
	for _, onStream := range []bool{false, true} {
		s := newStore(Config{Settings: Settings{QueueMessages: 10, QueueBytes: 1 << 10}})
		var q Queue
		s.Open(&q, 1, true)
		done := s.Written(&q, sent(s, &q, told("1")), onStream)
		if (done == 1) != onStream || (q.Len() == 0) != onStream {
			t.Errorf("on a stream %v: %d done, %d left", onStream, done, q.Len())
		}
	}
}

// Each event that gives way on its return is counted, and looking at them is work.
func TestReturnedEventsAreCounted(t *testing.T) {
	meter := work.NewMeter(0)
	s := New(Config{Settings: Settings{QueueMessages: 10, QueueBytes: 1 << 10}, Key: func(_ uint32, e event.Event) []byte { return []byte(e.Channel()) }}, meter)
	var q Queue
	s.Open(&q, 1, false)
	sent(s, &q, told("1"), told("2")) // in flight, nothing replaces them
	s.PushNewest(&q, told("3"), []byte("/a"))
	before := meter.Worked()
	s.Return(&q)
	if got := pending(s, &q); !slices.Equal(got, []event.Event{told("3")}) {
		t.Errorf("%q wait", got)
	}
	if n := s.Stats().Conflated; n != 2 {
		t.Errorf("%d gave way", n)
	}
	if n := meter.Worked() - before; n != 3 {
		t.Errorf("%d units of work for 3 events", n)
	}
}
