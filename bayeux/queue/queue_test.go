package queue

import "testing"

// Events wait for the fate of those in flight, unless their client acknowledges: then order is its business.
func TestBlocked(t *testing.T) {
	for _, acknowledges := range []bool{false, true} {
		s := newStore(Config{Settings: Settings{QueueMessages: 10, QueueBytes: 1 << 10}})
		var q Queue
		s.Open(&q, 1, acknowledges)
		if q.Blocked() {
			t.Error("an empty queue is blocked")
		}
		s.Push(&q, told("1"))
		if q.Blocked() {
			t.Error("nothing is in flight")
		}
		upto := sent(s, &q)
		if q.Blocked() == acknowledges {
			t.Errorf("acknowledges %v: blocked %v", acknowledges, q.Blocked())
		}
		if s.Written(&q, upto, true); q.Blocked() {
			t.Error("what was written blocks")
		}
	}
}

// The numbers of a queue say how much it holds, and where.
func TestNumbersOfAQueue(t *testing.T) {
	s := newStore(Config{Settings: Settings{QueueMessages: 10, QueueBytes: 1 << 10}})
	var q Queue
	s.Open(&q, 1, false)
	upto := sent(s, &q, told("1"), told("2"))
	s.Push(&q, told("3"))
	if q.Len() != 3 || q.InFlight() != 2 || q.Pending() != 1 || q.Bytes() != 3*Cost(told("1")) {
		t.Errorf("%d events, %d in flight, %d pending, %d bytes", q.Len(), q.InFlight(), q.Pending(), q.Bytes())
	}
	if s.Written(&q, upto, false); q.Upto() != upto {
		t.Errorf("the next in flight begin at %d, not at %d", q.Upto(), upto)
	}
	q.Reserve(7)
	if q.Reserve(-2); q.Reserved() != 5 {
		t.Errorf("%d bytes are reserved", q.Reserved())
	}
	if first, second := q.NextReply(), q.NextReply(); second != first+1 || q.Reply() != second {
		t.Errorf("replies %d and %d, the last is %d", first, second, q.Reply())
	}
}
