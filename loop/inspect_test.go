package loop

import (
	"strings"
	"testing"
)

// An operator sees one session whole, wherever it and its connection live; a stranger is nobody.
func TestSessionDetail(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 3 })
	home := dial(t, s)
	for range 4 {
		w := dial(t, s) // by another loop than the session's
		id := home.subscriber("/a")
		home.bayeux(subscribe(id, "/b/*"))
		w.holdConnect(s, id)
		d, err := s.Session(t.Context(), id)
		if err != nil || d == nil {
			t.Fatal(d, err)
		}
		equal(t, d.ID, id)
		equal(t, d.ConnectionType, "long-polling")
		equal(t, d.State, "polling")
		equal(t, d.Address, w.LocalAddr().String())
		equal(t, d.Patterns, []string{"/b/*", "/a"})
		equal(t, d.Subscriptions, 2)
		other := strings.Replace(id, id[len(id)-4:], "0000", 1)
		if d, err := s.Session(t.Context(), other); d != nil || err != nil {
			t.Errorf("a stranger is %+v, %v", d, err)
		}
	}
	for _, id := range []string{"", "x", strings.Repeat("v", 45)} {
		if d, err := s.Session(t.Context(), id); d != nil || err != nil {
			t.Errorf("%q is %+v, %v", id, d, err)
		}
	}
}

// A client that does not read shows up with its session and what waits for it, the worst ones first.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 2; c.QueueBytes, c.MaxOutput = 64<<20, 64<<20 })
	if list, err := s.Slow(t.Context(), 10); len(list) > 0 || err != nil {
		t.Fatal(list, err)
	}
	w := socketOf(t, s)
	id := w.session("/big")
	big := `"` + strings.Repeat("x", 60<<10) + `"`
	eventually(t, func() bool {
		mustPublish(t, s, "/big", big)
		list, err := s.Slow(t.Context(), 10)
		if err != nil || len(list) == 0 {
			return false
		}
		slow := list[0]
		return len(list) == 1 && slow.Session == id && slow.Address == w.LocalAddr().String() && slow.Type == "websocket" && slow.Bytes > 0
	})
	equal(t, s.Stats().Slow, 1)
}
