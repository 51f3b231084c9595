package bayeux

import (
	"slices"
	"testing"

	"halley/bayeux/event"
)

// One session is shown whole: by which way events reach it, what it subscribes to, and what waits. A clientId with another secret
// shows nothing.
func TestInspectOneSession(t *testing.T) {
	b := newBacklogOf(t, false, testConfig(), 3, 20)
	b.talk(t, `{"channel":"/meta/subscribe","clientId":"`+b.id+`","subscription":"/b/**"}`)
	b.publish(2, 20)
	d, found := b.server.Inspect().Session(b.now, []byte(b.id), 1)
	if !found || d.ID != b.id || d.State != "away" || d.Subscriptions != 2 || !slices.Equal(d.Patterns, []string{"/b/**"}) {
		t.Errorf("%v %+v", found, d)
	}
	if list := b.server.Sessions(b.now, 1); d.SessionInfo != list[0] {
		t.Errorf("the list has %+v, the detail %+v", list[0], d.SessionInfo)
	}
	stranger := []byte(b.id)
	stranger[len(stranger)-8] ^= 1
	if _, found := b.server.Inspect().Session(b.now, stranger, 1); found {
		t.Error("a stranger is found")
	}
	a, _ := b.server.Find([]byte(b.id))
	if id := b.server.Inspect().ClientID(a); id != b.id {
		t.Errorf("the clientId of %v is %q", a, id)
	}
	a.Gen++
	if id := b.server.Inspect().ClientID(a); id != "" {
		t.Errorf("one that is gone is called %q", id)
	}
}

// Who wants to know hears of each event once, with how many sessions it was given to.
func TestHeard(t *testing.T) {
	cfg, heard := testConfig(), map[string]int{}
	cfg.Heard = func(e event.Event, subscribers int) { heard[e.Channel()] += 10 + subscribers }
	b := newBacklogOf(t, false, cfg, 1, 20)
	b.talk(t, `{"channel":"/a","clientId":"`+b.id+`","data":1}`)
	b.talk(t, `{"channel":"/nobody","clientId":"`+b.id+`","data":1}`)
	if heard["/a"] != 22 || heard["/nobody"] != 10 || len(heard) != 2 {
		t.Errorf("heard %v", heard)
	}
}
