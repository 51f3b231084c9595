package bayeux

import (
	"testing"

	"halley/bayeux/event"
)

// An operator sees of a session what waits for it and what it has lost, at most as many sessions as asked for; and the
// counters agree.
func TestSessionsAsTheOperatorSeesThem(t *testing.T) {
	cfg := testConfig()
	cfg.QueueMessages = 2
	b := newBacklogOf(t, false, cfg, 0, 0)
	b.talk(t, `{"channel":"/meta/handshake"}`)
	e := event.New([]byte("/a"), []byte("1"), false)
	for range 3 {
		b.server.Deliver(b.now, e)
	}
	b.now = 1234
	list := b.server.Sessions(b.now, 10)
	if len(list) != 2 || len(b.server.Sessions(b.now, 1)) != 1 || len(b.server.Sessions(b.now, 0)) != 0 {
		t.Fatalf("%d sessions: %+v", len(list), list)
	}
	got := list[0]
	if got.ID != b.id {
		got = list[1]
	}
	want := SessionInfo{
		ID: b.id, ConnectionType: "long-polling", Queued: 2, QueuedBytes: got.QueuedBytes, Subscriptions: 1, Dropped: 1, AgeMs: 1234,
	}
	if got != want || got.QueuedBytes <= 2*len(e) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if s := b.server.Stats(); s.Sessions != 2 || s.Handshakes != 2 || s.QueueDropped != 1 || s.Conflated != 0 {
		t.Errorf("%+v", s)
	}
	patterns := map[string]int{}
	b.server.Channels(func(pattern []byte, subscribers int) { patterns[string(pattern)] = subscribers })
	if len(patterns) != 1 || patterns["/a"] != 1 {
		t.Errorf("patterns %v", patterns)
	}
}
