package queue

import (
	"strings"
	"testing"

	"halley/bayeux/event"
)

// Whatever is set as no call would leave it is found.
func TestInvariantsFindDamage(t *testing.T) {
	for want, damage := range map[string]func(s *Store, q *Queue){
		"what is in flight stands in the queue":                   func(_ *Store, q *Queue) { q.sent = q.count + 1 },
		"each event knows the one before it":                      func(s *Store, q *Queue) { s.nodes.At(q.tail).prev = q.tail },
		"the first pending event follows those in flight":         func(_ *Store, q *Queue) { q.first = q.head },
		"nothing takes the place of an event in flight":           func(s *Store, q *Queue) { s.nodes.At(q.head).key = 1 },
		"the event that a newer one replaces is found by its key": func(s *Store, q *Queue) { clear(s.replaced) },
		"the last event is the newest":                            func(_ *Store, q *Queue) { q.tail = q.head },
		"the queue's bytes are those of its events":               func(_ *Store, q *Queue) { q.bytes++ },
		"losses are kept if there are some":                       func(s *Store, q *Queue) { s.losses[q.owner] = new(losses) },
	} {
		s := newStore(Config{Settings: Settings{QueueMessages: 10, QueueBytes: 1 << 20}})
		var q Queue
		s.Open(&q, 3, false)
		s.Push(&q, event.New([]byte("/a"), []byte("1"), false))
		s.Take(&q, 0, func(event.Event) bool { return true })
		s.Push(&q, event.New([]byte("/a"), []byte("2"), false))
		s.PushNewest(&q, event.New([]byte("/a"), []byte("3"), false), []byte("/a"))
		if err := s.Invariants(&q); err != nil {
			t.Fatal(err)
		}
		damage(s, &q)
		if err := s.Invariants(&q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
