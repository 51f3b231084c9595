// Proved by bayeux/testdata/ack.txt and TestMemoryIsGivenUpByParts.

package bayeux

import (
	"halley/bayeux/queue"
	"halley/bayeux/slab"
)

// session is the server's record of one remote client. It holds no pointer, so
// that tens of thousands of idle ones cost the garbage collector nothing.
type session struct {
	secret   [secretSize]byte
	outlet   outlet
	delivery delivery
	heldID   heldID // the held connect's id, for the reply
	queue    queue.Queue
	spoke    serial // of the last connect of type eventsource

	created int64
	active  int64  // when the client last sent anything but a connect
	told    int32  // how long its client was last told to stay away between connects, in milliseconds
	hold    int32  // … and how long a connect may be held
	peer    uint64 // the address that shook hands, until something follows that; 0 none
	browser uint64 // that counts the session's poll; 0 none
	named   uint64 // the browser that the client's handshake named, for requests without a cookie; 0 none

	connects uint32 // its client has sent so many

	advised ConnectionType // the type that the last full advice was for
	advise  advising       // which replies to its connects carry full advice beyond those that tell something new
	tables  tables
	eager   bool // not all pending events are lazy
}

// advising says which replies to the connects of a session carry full advice, beyond those that tell something new.
type advising uint8

const (
	noReply   advising = iota
	heldReply          // the held connect's
	eachReply          // its client was told to stay away for long: each reply takes that back, since the one that did may be lost
)

// carriedByStream tells whether the events that went out last went to what is the stream.
func (r *session) carriedByStream() bool {
	return r.outlet.streams() && r.delivery.carrier == r.outlet.stream
}

// noSlot marks the absence of a session.
const noSlot = ^uint32(0)

// nowhere is the address of no session.
var nowhere = Address{Slot: noSlot}

// sessions are the sessions of a Server, by slot.
type sessions struct {
	slab.Slab[session]
	place Place // where they live
}

// address is that of the session at a slot.
func (b *sessions) address(slot uint32) Address {
	return Address{Node: b.place.Node, Loop: b.place.Loop, Slot: slot, Gen: b.Gen(slot)}
}

// lookup finds the session of a clientId, nil if there is none.
func (b *sessions) lookup(clientID []byte) (uint32, *session) {
	a, secret, ok := decodeClientID(clientID)
	if !ok || a.Place() != b.place {
		return noSlot, nil
	}
	r := b.find(a)
	if r == nil || !sameSecret(&secret, &r.secret) {
		return noSlot, nil
	}
	return a.Slot, r
}

// maxFirstGen bounds the random generation that sessions begin with: no clientId of an earlier run names a session that
// lives, but for one in so many, and as many generations are left.
const maxFirstGen = 1 << 31

// guessed tells whether a clientId names a session that lives, but not its secret: somebody guesses.
func (b *sessions) guessed(clientID []byte) bool {
	a, secret, ok := decodeClientID(clientID)
	if !ok || a.Place() != b.place {
		return false
	}
	r := b.find(a)
	return r != nil && !sameSecret(&secret, &r.secret)
}

// client is lookup for what clients say. A session that was made for one event-stream is
// none of theirs: no client was told its clientId.
func (b *sessions) client(clientID []byte) (uint32, *session) {
	slot, r := b.lookup(clientID)
	if r == nil || r.outlet.nameless() {
		return noSlot, nil
	}
	return slot, r
}

// part visits the sessions from a slot on until they and what visit returns come to most.
// It returns the slot to go on with, the work done, and whether there is more.
func (b *sessions) part(from uint32, most int, visit func(slot uint32, r *session) (work int)) (next uint32, done int, more bool) {
	b.From(from, func(slot uint32, r *session) bool {
		if next, more = slot, done >= most; more {
			return false
		}
		done += 1 + visit(slot, r)
		next++
		return true
	})
	return next, done, more
}

// find returns the session at a, nil if it is gone.
func (b *sessions) find(a Address) *session { return b.Find(a.Slot, a.Gen) }

// flushable tells whether there are events that may go out now.
func (r *session) flushable() bool {
	return r.eager && r.queue.Pending() > 0 && !r.queue.Blocked()
}
