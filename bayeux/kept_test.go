package bayeux

import (
	"testing"

	"halley/bayeux/event"
)

// What a session has is counted while it is there: the bytes of its queue, its nodes and its subscriptions.
func TestKept(t *testing.T) {
	b := audience(t, 0, 0)
	before := b.server.Kept()
	received := b.server.Received()
	b.talk(t, `[{"channel":"/meta/subscribe","clientId":"`+b.id+`","subscription":"/kept"},{"channel":"/meta/subscribe","clientId":"`+b.id+`","subscription":"/kept/*"}]`)
	if got := b.server.Received() - received; got != 2 {
		t.Errorf("%d messages were received", got)
	}
	if k := b.server.Kept(); k.Events != before.Events || k.Nodes != before.Nodes || k.Subscriptions <= before.Subscriptions {
		t.Errorf("from %+v to %+v by subscriptions", before, k)
	}
	b.server.Deliver(b.now, event.New([]byte("/kept"), []byte("1"), false))
	with := b.server.Kept()
	if with.Events <= before.Events || with.Nodes <= before.Nodes {
		t.Errorf("from %+v to %+v by an event", before, with)
	}
	b.server.Trim(b.now)
	if k := b.server.Kept(); k.Events != with.Events || k.Nodes != with.Nodes {
		t.Errorf("from %+v to %+v though its session is there", with, k)
	}
	a, _ := b.server.Find([]byte(b.id))
	if !b.server.Disconnect(b.now, a, &b.fx) || b.server.Disconnect(b.now, a, &b.fx) {
		t.Error("a session ends once")
	}
	if k := b.server.Kept(); k.Events != 0 || k.Nodes != with.Nodes {
		t.Errorf("%+v after its end", k)
	}
	if b.server.Trim(b.now); b.server.Stats().Sessions != 0 {
		t.Fatalf("%d sessions", b.server.Stats().Sessions)
	}
	if k := b.server.Kept(); k.Nodes != 0 {
		t.Errorf("%+v for nobody", k)
	}
}
