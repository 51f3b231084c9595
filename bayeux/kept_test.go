package bayeux

import (
	"testing"

	"halley/bayeux/event"
)

// What a session has is counted while it is there: the bytes of its queue, its nodes and its subscriptions.
func TestKept(t *testing.T) {
	b := audience(t, 0, 0)
	e0, n0, s0 := b.server.Kept()
	received := b.server.Received()
	b.talk(t, `[{"channel":"/meta/subscribe","clientId":"`+b.id+`","subscription":"/kept"},{"channel":"/meta/subscribe","clientId":"`+b.id+`","subscription":"/kept/*"}]`)
	if got := b.server.Received() - received; got != 2 {
		t.Errorf("%d messages were received", got)
	}
	if e, n, s := b.server.Kept(); e != e0 || n != n0 || s <= s0 {
		t.Errorf("from %d, %d, %d to %d, %d, %d by subscriptions", e0, n0, s0, e, n, s)
	}
	b.server.Deliver(b.now, event.New([]byte("/kept"), []byte("1"), false))
	e1, n1, _ := b.server.Kept()
	if e1 <= e0 || n1 <= n0 {
		t.Errorf("from %d, %d to %d, %d by an event", e0, n0, e1, n1)
	}
	b.server.Trim(b.now)
	if e, n, _ := b.server.Kept(); e != e1 || n != n1 {
		t.Errorf("from %d, %d to %d, %d though its session is there", e1, n1, e, n)
	}
	a, _ := b.server.Find([]byte(b.id))
	if !b.server.Disconnect(b.now, a, &b.fx) || b.server.Disconnect(b.now, a, &b.fx) {
		t.Error("a session ends once")
	}
	if e, n, _ := b.server.Kept(); e != 0 || n != n1 {
		t.Errorf("%d bytes of events, %d of nodes after its end", e, n)
	}
	if b.server.Trim(b.now); b.server.Stats().Sessions != 0 {
		t.Fatalf("%d sessions", b.server.Stats().Sessions)
	}
	if _, n, _ := b.server.Kept(); n != 0 {
		t.Errorf("%d bytes of nodes for nobody", n)
	}
}
