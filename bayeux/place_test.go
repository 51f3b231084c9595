package bayeux

import (
	"testing"
	"unsafe"
)

// A session's clientId and the requests of a connection name node and loop: a loop takes
// a session for its own only if both are its own.
func TestPlaces(t *testing.T) {
	here := Place{Node: 7, Loop: 1}
	cfg := testConfig()
	cfg.Place = here
	s := NewServer(cfg, 0)
	r, slot, _ := s.sessions.Take()
	id := appendClientID(nil, s.sessions.address(slot), &r.secret)
	if a, ok := s.Find(id); !ok || a.Place() != here {
		t.Errorf("its own session is at %v, %v", a, ok)
	}
	for _, elsewhere := range []Place{{Node: 7, Loop: 2}, {Node: 0, Loop: 1}} {
		a := s.sessions.address(slot)
		a.Node, a.Loop = elsewhere.Node, elsewhere.Loop
		if _, ok := s.Find(appendClientID(nil, a, &r.secret)); ok {
			t.Errorf("the session of %v is taken for one of %v", elsewhere, here)
		}
	}
}

// Two requests of one connection differ in their serial numbers alone. The slots of
// two nodes are no connection of each other.
func TestConnectionOfARequest(t *testing.T) {
	to := ReplyTo{Node: 7, Loop: 1, Conn: 2, Gen: 3, Serial: 4}
	later := to
	later.Serial++
	if to.connection() != later.connection() {
		t.Error("the next request of a connection is on another one")
	}
	for _, other := range []ReplyTo{{Node: 8, Loop: 1, Conn: 2, Gen: 3}, {Node: 7, Loop: 0, Conn: 2, Gen: 3}, {Node: 7, Loop: 1, Conn: 2, Gen: 4}} {
		if to.connection() == other.connection() {
			t.Errorf("%v is on the connection of %v", other, to)
		}
	}
	if size := unsafe.Sizeof(to); size != 16 { // each session has three
		t.Errorf("%d bytes", size)
	}
}
