package loop

import (
	"path/filepath"
	"testing"
	"time"
)

// While a predecessor lets its clients go, those whose turn has not come are served as ever: their polls are held, and get
// what is published at the successor. At its turn a poll is answered, and its connection ends; a stream ends with its
// session, and a websocket is closed.
func TestParting(t *testing.T) {
	t.Parallel()
	control := filepath.Join(t.TempDir(), "control")
	change := func(c *Config) { c.Loops, c.Control, c.DrainTimeout = 2, control, time.Hour }
	old := run(t, change)
	var polls []*wire
	var ids []string
	for range 6 {
		w := dial(t, old.Server)
		polls, ids = append(polls, w), append(ids, w.subscriber("/a"))
	}
	for i, w := range polls {
		w.holdConnect(old.Server, ids[i])
	}
	young := succeed(t, control, change)
	select {
	case <-old.HandedOver():
	case <-time.After(deadline):
		t.Fatal("it hands nothing over")
	}
	mustPublish(t, young.Server, "/a", "1")
	for i, w := range polls {
		got := w.read()
		equal(t, got.Close, false)
		equal(t, events(decode(t, got.body)), []string{"1"})
		w.holdConnect(old.Server, ids[i])
	}
	now := old.now()
	for _, r := range old.reactors { // the turn of all
		done := make(chan struct{})
		old.do(r.id, func(r *reactor) {
			defer close(done)
			p := parting{loops: &old.loops}
			p.step(r, now)
			p.step(r, now)
		})
		<-done
	}
	for i, w := range polls {
		got := w.read()
		equal(t, got.Close, true)
		equal(t, decode(t, got.body)[0]["successful"], true)
		w.mustClose()
		next := dial(t, young.Server)
		equal(t, next.bayeux(connect(ids[i]))[0]["error"], "402::session_unknown")
		next.subscriber("/a")
	}
	eventually(t, func() bool { return old.Stats().Connections == 0 })
	old.stop()
	old.wait(t)
	young.reconfigureDrain(t)
	young.stop()
	young.wait(t)
}

// reconfigureDrain lets a server end at once.
func (r running) reconfigureDrain(t *testing.T) {
	t.Helper()
	reconfigure(t, r.Server, func(c *Settings) { c.DrainTimeout = 0 })
}
