package loop

import (
	"strings"
	"testing"
	"time"
)

// Each owner's bytes are counted while it has them, and no longer.
func TestKeptBytes(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.QueueBytes, c.MaxOutput = 32<<20, 32<<20; c.Rules = []string{"/h history=10"} })
	equal(t, s.Stats().Kept.Input+s.Stats().Kept.Output+s.Stats().Kept.Queues, 0)
	w, half := dial(t, s), dial(t, s)
	id := w.subscriber("/a")
	mustPublish(t, s, "/a", `"`+strings.Repeat("x", 1000)+`"`)
	mustPublish(t, s, "/h", `"`+strings.Repeat("x", 1000)+`"`)
	half.send("POST /bayeux HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n" + strings.Repeat("x", 60))
	eventually(t, func() bool { return s.Stats().Kept.Input > 100 })
	k := s.Stats().Kept
	if k.Queues < 1000 || k.Queues > 1200 || k.Nodes == 0 || k.History < 1000 {
		t.Errorf("%+v", k)
	}
	equal(t, len(events(w.bayeux(connect(id)))), 1)
	half.Close()
	eventually(t, func() bool { k := s.Stats().Kept; return k.Queues == 0 && k.Input == 0 })

	slow := dialSlow(t, s)
	slow.holdConnect(s, id)
	batch, _ := burst("/a")
	if err := s.Publish(batch); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return s.Stats().Kept.Output > 100<<10 })
	slow.messages()
	eventually(t, func() bool { return s.Stats().Kept.Output == 0 })
}

// The longest turn is told in time and messages; one within another is not one.
func TestTurns(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 3 }) // the others may have had no connection yet
	w := dial(t, s)
	id := w.handshake()
	w.bayeux("[" + strings.Repeat(publish(id, "/a", "1")+",", 6) + publish(id, "/a", "1") + "]")
	err := s.visit(t.Context(), func(r *reactor) {
		equal(t, r.beginTurn(), false)
		time.Sleep(20 * time.Millisecond)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.handshake()
	got := s.Stats().Loops[loopOf(t, id)]
	equal(t, got.MostMessages, 7)
	if got.Longest < 20*time.Millisecond || got.Busy < got.Longest {
		t.Errorf("%+v", got)
	}
}
