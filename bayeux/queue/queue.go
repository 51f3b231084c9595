// Package queue keeps the events that wait for sessions: a bounded queue for each, in
// order, with conflation by key, the losses of full queues, and the numbers by which
// clients acknowledge. It knows sessions by a number, and nothing of what they are.
//
// An event is pending first. Take puts it in flight, with others: they are on their way to
// the session's client. Written and Acked end that, Bounced and Return make the events
// pending again, in front of all newer ones.
package queue

import (
	"unsafe"

	"halley/bayeux/event"
)

// Policy says what happens to a session whose queue is full. The empty one is DropOldest.
type Policy string

// The policies for slow clients.
const (
	DropOldest Policy = "drop-oldest" // lose the oldest events
	Conflate   Policy = "conflate"    // keep the newest event of each channel, then drop the oldest
	Disconnect Policy = "disconnect"  // end the session
)

// Queue is one session's queue: first the events in flight, then the pending ones. It has
// no pointers and can stand in a record that is moved by nobody; the events are in its
// Store, which opens it and without which it is nothing. Events are numbered, so that a
// report names exactly those that it is about.
type Queue struct {
	owner      uint32 // by which the Store's tables know the session
	head, tail uint32 // nodes; head is valid if count > 0
	first      uint32 // the first pending node, if count > sent
	count      uint32
	sent       uint32 // how many of count are in flight
	bytes      uint32 // see Cost
	reserved   uint32 // bytes that count in the queue and are kept elsewhere
	base       uint32 // number of the head
	patience   uint32 // events to drop before conflation by channel is tried again
	flushMark  uint32 // events to send before those left are let go, see endFlush

	acknowledges bool
	reply        uint32 // number of the last connect reply
	ordered      uint32 // the last event that a connect reply took along for the first time
	last         carried
}

// Len is the number of events, in flight and pending.
func (q *Queue) Len() int { return int(q.count) }

// Pending is the number of events that are not in flight.
func (q *Queue) Pending() int { return int(q.pending()) }

func (q *Queue) pending() uint32 { return q.count - q.sent }

// InFlight is the number of events that were sent, and whose fate is not known.
func (q *Queue) InFlight() int { return int(q.sent) }

// Bytes is what the events count for, see Cost.
func (q *Queue) Bytes() int { return int(q.bytes) }

// Reserve counts so many bytes in the queue that are kept elsewhere for its session, or
// that many less if bytes is negative.
func (q *Queue) Reserve(bytes int) { q.reserved += uint32(bytes) }

// Reserved is the number of bytes that are kept elsewhere and count in the queue.
func (q *Queue) Reserved() int { return int(q.reserved) }

// Upto is the number after the last event in flight. A report of the fate of these events
// names it.
func (q *Queue) Upto() uint32 { return q.base + q.sent }

// Acknowledges tells whether the session's client acknowledges events.
func (q *Queue) Acknowledges() bool { return q.acknowledges }

// Blocked tells whether pending events must wait for the fate of those in flight.
func (q *Queue) Blocked() bool { return q.sent > 0 && !q.acknowledges }

// Reply is the number of the last connect reply.
func (q *Queue) Reply() uint32 { return q.reply }

// NextReply gives the next connect reply its number.
func (q *Queue) NextReply() uint32 {
	q.reply++
	return q.reply
}

// nodeBytes is what a queued event costs beside its own bytes.
const nodeBytes = int(unsafe.Sizeof(node{}))

// Cost is what an event counts for in its session's queue, in bytes: its own, and those of
// its place there.
func Cost(e event.Event) int { return len(e) + nodeBytes }
