package loop

import (
	"fmt"
	"testing"

	"halley/bayeux/history"
)

// A replay reads each event once, a part at a time, however long it is and however
// many patterns bring it.
func TestReplayReadsEachEventOnce(t *testing.T) {
	const total = 20_000
	s := start(t, withRules("/h/** history=100000"))
	publishMany(t, s, 100, total)
	w := dial(t, s)
	id := w.handshake()
	w.bayeux(fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":["/h/**","/h/*","/h/7","/h/*","/none/*"],"ext":{"replay":-2}}`, id))
	got := 0
	for s.Stats().History.Read < total {
		got += len(events(w.bayeux(connect(id))))
	}
	replays := history.Replays{Queue: history.Part{Messages: s.cfg.QueueMessages, Bytes: s.cfg.QueueBytes}}
	stats, part := s.Stats(), replays.Part()
	if stats.History.Read > total+uint64(part.Messages) {
		t.Errorf("%d events were read for %d", stats.History.Read, total)
	}
	if most := uint64(total/part.Messages + 4); stats.History.Pages > most {
		t.Errorf("%d parts, want %d", stats.History.Pages, most)
	}
}

// publishMany publishes so many events to the channels /h/0, /h/1 …
func publishMany(t testing.TB, s *Server, channels, events int) {
	t.Helper()
	for n := 0; n < events; n += 1000 {
		batch := make([]Publication, 1000)
		for i := range batch {
			batch[i] = publication(fmt.Sprintf("/h/%d", (n+i)%channels), fmt.Sprint(n+i))[0]
		}
		if err := s.Publish(batch); err != nil {
			t.Fatal(err)
		}
	}
}

// An event on a channel with the name of a pattern hides no other from it.
func TestReplayOfAPatternThatIsAChannel(t *testing.T) {
	s := start(t, withRules("/h/* history=10 snapshot"))
	for n, name := range []string{"/h/a", "/h/*", "/h/b"} {
		mustPublish(t, s, name, fmt.Sprint(n))
	}
	equal(t, events(replayTo(t, s, "/h/*", -2)), []string{"0", "1", "2"})
	a := dial(t, s)
	id := a.handshake()
	equal(t, events(a.join(id, subscribe(id, "/h/*"))), []string{"0", "1", "2"})
}

// Of a snapshot that is larger than a queue the newest events come, and that there were
// more is told.
func TestSnapshotLargerThanAQueue(t *testing.T) {
	s := start(t, func(c *Config) { c.Loops, c.Rules, c.QueueMessages = 1, []string{"/h/* snapshot"}, 20 })
	publishMany(t, s, 1000, 1000)
	w := dial(t, s)
	id := w.handshake()
	got := w.join(id, subscribe(id, "/h/*"))
	equal(t, len(events(got)), 20)
	equal(t, events(got)[19], "999")
	equal(t, got[len(got)-1]["ext"], map[string]any{"dropped": map[string]any{"/h/*": 1}})
}
