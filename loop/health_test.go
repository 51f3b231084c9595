package loop

import (
	"testing"
)

// A server is not ready before it listens, when it drains or is about to, while a
// loop is stuck, and while a part of it is in trouble; each is named.
func TestUnready(t *testing.T) {
	t.Parallel()
	s := made(t, nil)
	equal(t, s.Unready(), []string{"starting"})
	s = made(t, nil)
	s.still()
	r := s.runs(t)
	equal(t, len(r.Unready()), 0)
	r.reactors[0].tickPosted.Store(r.now() - 6500) // no connection has come, so nobody else does
	equal(t, r.Unready(), []string{"event loop 0: at one turn for 6 s"})
	r.reactors[0].tickPosted.Store(r.now())
	r.health.trouble("history file", "disk full")
	r.health.trouble("a", "odd")
	equal(t, r.Unready(), []string{"a: odd", "history file: disk full"})
	r.health.trouble("a", "")
	r.Retire()
	equal(t, r.Unready(), []string{"draining", "history file: disk full"})
	equal(t, dial(t, r.Server).ask(request("GET", "/")).StatusCode, 404)
	r.stop()
	r.wait(t)
	equal(t, r.Unready()[0], "draining")
}
