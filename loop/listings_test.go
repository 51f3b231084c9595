package loop

import "testing"

// Listings add up what all loops have, in order, and no more than is asked for.
func TestListings(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 3 })
	ids := map[string]bool{}
	for range 6 {
		w := dial(t, s)
		id := w.subscriber("/b/*")
		w.bayeux(subscribe(id, "/a"))
		ids[id] = true
	}
	channels, err := s.Channels(t.Context())
	equal(t, err, nil)
	equal(t, channels, []ChannelInfo{{"/a", 6}, {"/b/*", 6}})
	for pattern, want := range map[string]int{"/a": 6, "/b/*": 6, "/b/c": 0} {
		n, err := s.Subscribers(t.Context(), pattern)
		equal(t, err, nil)
		equal(t, n, want)
	}
	sessions, err := s.Sessions(t.Context(), 100)
	equal(t, err, nil)
	equal(t, len(sessions), 6)
	for _, i := range sessions {
		equal(t, ids[i.ID], true)
		equal(t, i.Subscriptions, 2)
	}
	sessions, err = s.Sessions(t.Context(), 4)
	equal(t, err, nil)
	equal(t, len(sessions), 4)
}

// A session that its operator ends tells its client, whatever loop it lives on; it is gone
// then, and a stranger never was there.
func TestDisconnectByTheOperator(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 3 })
	for range 4 {
		w := dial(t, s)
		id := w.subscriber("/a")
		w.holdConnect(s, id)
		found, err := s.Disconnect(t.Context(), id)
		equal(t, []any{found, err}, []any{true, nil})
		told := w.messages()
		equal(t, told[0]["channel"], "/meta/disconnect")
		equal(t, told[1]["advice"], map[string]any{"reconnect": "none"})
		found, err = s.Disconnect(t.Context(), id)
		equal(t, []any{found, err}, []any{false, nil})
	}
	equal(t, s.Stats().Sessions, 0)
}
