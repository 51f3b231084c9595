package queue

import (
	"errors"
	"fmt"
)

// Invariants returns what is wrong with an open queue between two calls, nil if nothing. It
// looks at every event, so it is for tests.
func (s *Store) Invariants(q *Queue) error {
	var found []error
	expect := func(holds bool, want string) {
		if !holds {
			found = append(found, fmt.Errorf("not so: %s (%+v)", want, *q))
		}
	}
	expect(q.sent <= q.count, "what is in flight stands in the queue")
	if len(found) == 0 {
		s.walk(q, expect)
	}
	l := s.losses[q.owner]
	expect(l == nil || len(l.counts)+len(l.told) > 0, "losses are kept if there are some")
	return errors.Join(found...)
}

// walk checks the events of a queue one after the other, as far as they hang together.
func (s *Store) walk(q *Queue, expect func(holds bool, want string)) {
	bytes, before, i := 0, q.head, q.head
	for n := range q.count {
		node := s.nodes.At(i)
		bytes += Cost(node.event)
		if n > 0 && node.prev != before {
			expect(false, "each event knows the one before it")
			return
		}
		expect(n != q.sent || i == q.first, "the first pending event follows those in flight")
		expect(n >= q.sent || node.key == 0, "nothing takes the place of an event in flight")
		expect(node.key == 0 || s.replaced[keyOf{q.owner, node.key}] == i, "the event that a newer one replaces is found by its key")
		before, i = i, node.next
	}
	expect(q.count == 0 || before == q.tail, "the last event is the newest")
	expect(bytes == int(q.bytes), "the queue's bytes are those of its events")
}
