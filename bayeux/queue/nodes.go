package queue

import (
	"halley/bayeux/event"
	"halley/bayeux/slab"
)

// nodes are the events of all queues, linked in the order of each.
type nodes struct {
	slab.Chunks[node]
	count int // the events
	bytes int // of the events
}

type node struct {
	event event.Event
	next  uint32 // valid but for the tail
	prev  uint32 // valid but for the head
	key   uint32 // in Store.keys, of an event that a newer one of its key replaces; 0 none
	order uint32 // among the events that connect replies took along; 0 none did; or recalled
}

// recalled marks an event in flight that a replay brings again: it does not come
// back if its reply bounces.
const recalled = ^uint32(0)

// push appends e as the newest pending event.
func (n *nodes) push(q *Queue, e event.Event) {
	n.link(q, n.Take(node{event: e}))
	n.count++
	q.bytes += uint32(nodeBytes)
	n.grow(q, len(e))
}

// grow accounts for that many bytes more in a queue.
func (n *nodes) grow(q *Queue, bytes int) {
	q.bytes += uint32(bytes)
	n.bytes += bytes
}

// free accounts for an event less in a queue, and frees its node.
func (n *nodes) free(q *Queue, i uint32) {
	q.bytes -= uint32(nodeBytes)
	n.grow(q, -len(n.At(i).event))
	n.Release(i)
	n.count--
}

// link makes node i the newest pending one.
func (n *nodes) link(q *Queue, i uint32) {
	if q.count > 0 {
		n.At(q.tail).next, n.At(i).prev = i, q.tail
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
func (n *nodes) unlink(q *Queue, i uint32) {
	next, prev := n.At(i).next, n.At(i).prev
	if q.head == i {
		q.head = next
	} else {
		n.At(prev).next = next
	}
	if q.tail == i {
		q.tail = prev
	} else {
		n.At(next).prev = prev
	}
	if q.first == i {
		q.first = next
	}
	q.count--
}

// remove takes the pending node i out of the queue and frees it.
func (n *nodes) remove(q *Queue, i uint32) {
	n.unlink(q, i)
	n.free(q, i)
}

// toTail makes the pending node i the newest.
func (n *nodes) toTail(q *Queue, i uint32) {
	n.unlink(q, i)
	n.link(q, i)
}

// dropOldest removes the oldest pending event and returns it.
func (n *nodes) dropOldest(q *Queue) event.Event {
	i := q.first
	e := n.At(i).event
	n.remove(q, i)
	return e
}

// dropSent removes the oldest event in flight and returns it. The numbers of the others
// stay.
func (n *nodes) dropSent(q *Queue) event.Event {
	i := q.head
	e := n.At(i).event
	q.head = n.At(i).next
	q.count--
	q.sent--
	q.base++
	n.free(q, i)
	return e
}

// written removes what is in flight.
func (n *nodes) written(q *Queue) {
	for q.sent > 0 {
		n.dropSent(q)
	}
}

// bounced makes what is in flight pending again, before everything newer, under
// new numbers: a report that is still to come is about none of it. What was
// recalled goes.
func (n *nodes) bounced(q *Queue) {
	if q.sent == 0 {
		return
	}
	sent := q.sent
	q.first, q.sent = q.head, 0
	q.base += sent
	for i := q.head; sent > 0; sent-- {
		next := n.At(i).next
		if n.At(i).order == recalled {
			n.remove(q, i)
		}
		i = next
	}
}

// clear empties the queue.
func (n *nodes) clear(q *Queue) {
	q.sent = q.count
	n.written(q)
}
