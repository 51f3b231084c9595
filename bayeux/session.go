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

	created int64
	active  int64  // when the client last sent anything but a connect
	told    int64  // how long its client was last told to stay away between connects
	peer    uint64 // the address that shook hands, until something follows that; 0 none
	browser uint64 // that counts the session's poll; 0 none
	named   uint64 // the browser that the client's handshake named, for requests without a cookie; 0 none

	turn uint32 // connects so far

	advised ConnectionType // the type that the last full advice was for
	advise  bool           // the held connect's reply carries full advice
	tables  tables
	eager   bool // not all pending events are lazy
}

// carriedByStream tells whether the events that went out last went to what is the stream.
func (r *session) carriedByStream() bool {
	return r.outlet.streams() && r.delivery.carrier == r.outlet.stream
}

// noSlot marks the absence of a session.
const noSlot = ^uint32(0)

// nowhere is the address of no session.
var nowhere = Address{Slot: noSlot}

// sessions are the sessions of a Server, by slot.
type sessions struct{ slab.Slab[session] }

// find returns the session at a, nil if it is gone.
func (b *sessions) find(a Address) *session { return b.Find(a.Slot, a.Gen) }
