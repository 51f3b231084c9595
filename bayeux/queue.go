package bayeux

import "halley/bayeux/event"

// Slow says what happens to a session whose queue is full. The empty one is DropOldest.
type Slow string

// The policies for slow clients.
const (
	DropOldest Slow = "drop-oldest" // lose the oldest events
	Conflate   Slow = "conflate"    // keep the newest event of each channel, then drop the oldest
	Disconnect Slow = "disconnect"  // end the session
)

// queue holds a session's undelivered events in order: first those in flight,
// sent but not yet reported written, then the pending ones. Events are numbered
// so that a report names exactly what it is about.
type queue struct {
	head, tail uint32 // nodes; head is valid if count > 0
	first      uint32 // the first pending node, if count > sent
	count      uint32
	sent       uint32 // how many of count are in flight
	bytes      uint32 // see cost
	base       uint32 // number of the head
	patience   uint32 // events to drop before conflation is tried again
	round      uint32 // events to send before those left are let go, see endRound
}

func (q *queue) pending() uint32 { return q.count - q.sent }

// upto is the number after the last event in flight.
func (q *queue) upto() uint32 { return q.base + q.sent }

type node struct {
	event event.Event
	next  uint32 // valid but for the tail
	prev  uint32 // valid but for the head
	key   uint32 // of a conflated event, see conflater; 0 none
	order uint32 // among those that connect replies took along, with acknowledgement; 0 none did; or recalled
}

// recalled marks an event in flight that a replay brings again: it does not come
// back if its reply bounces.
const recalled = ^uint32(0)

// push appends e as the newest pending event.
func (n *nodes) push(q *queue, e event.Event) {
	n.link(q, n.take(e))
	q.bytes += nodeBytes
	n.grow(q, len(e))
}

// grow accounts for that many bytes more in a queue.
func (n *nodes) grow(q *queue, bytes int) {
	q.bytes += uint32(bytes)
	n.bytes += bytes
}

// drop accounts for an event less in a queue, and frees its node.
func (n *nodes) drop(q *queue, i uint32) {
	q.bytes -= nodeBytes
	n.grow(q, -len(n.at(i).event))
	n.put(i)
}

// link makes node i the newest pending one.
func (n *nodes) link(q *queue, i uint32) {
	if q.count > 0 {
		n.at(q.tail).next, n.at(i).prev = i, q.tail
	} else {
		q.head = i
	}
	if q.pending() == 0 {
		q.first = i
	}
	q.tail = i
	q.count++
}

// unlink takes the pending node i out of the queue.
func (n *nodes) unlink(q *queue, i uint32) {
	next, prev := n.at(i).next, n.at(i).prev
	if q.head == i {
		q.head = next
	} else {
		n.at(prev).next = next
	}
	if q.tail == i {
		q.tail = prev
	} else {
		n.at(next).prev = prev
	}
	if q.first == i {
		q.first = next
	}
	q.count--
}

// remove takes the pending node i out of the queue and frees it.
func (n *nodes) remove(q *queue, i uint32) {
	n.unlink(q, i)
	n.drop(q, i)
}

// toTail makes the pending node i the newest.
func (n *nodes) toTail(q *queue, i uint32) {
	n.unlink(q, i)
	n.link(q, i)
}

// dropOldest removes the oldest pending event and returns it.
func (n *nodes) dropOldest(q *queue) event.Event {
	i := q.first
	e := n.at(i).event
	n.remove(q, i)
	return e
}

// dropSent removes the oldest event in flight and returns it. The numbers of the others
// stay.
func (n *nodes) dropSent(q *queue) event.Event {
	i := q.head
	e := n.at(i).event
	q.head = n.at(i).next
	q.count--
	q.sent--
	q.base++
	n.drop(q, i)
	return e
}

// written removes what is in flight.
func (n *nodes) written(q *queue) {
	for q.sent > 0 {
		n.dropSent(q)
	}
}

// bounced makes what is in flight pending again, before everything newer, under
// new numbers: a report that is still to come is about none of it. What was
// recalled goes.
func (n *nodes) bounced(q *queue) {
	if q.sent == 0 {
		return
	}
	sent := q.sent
	q.first, q.sent = q.head, 0
	q.base += sent
	for i := q.head; sent > 0; sent-- {
		next := n.at(i).next
		if n.at(i).order == recalled {
			n.remove(q, i)
		}
		i = next
	}
}

// clear empties the queue.
func (n *nodes) clear(q *queue) {
	q.sent = q.count
	n.written(q)
}
