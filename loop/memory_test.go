package loop

import "testing"

// Memory is given back once when most connections have gone and stay away, and once when their sessions have.
func TestMemoryWatch(t *testing.T) {
	var w memoryWatch
	now := int64(1)
	due := func(connections, sessions int64, tenths int) (times int) {
		for range tenths {
			now += 100
			if w.due(connections, sessions, now) {
				times++
			}
		}
		return times
	}
	equal(t, due(900, 900, 600), 0)
	equal(t, due(0, 0, 600), 0) // too few have gone
	equal(t, due(8000, 8000, 600), 0)
	equal(t, due(3000, 8000, 600), 0) // too many are left
	equal(t, due(100, 8000, 40), 0)
	equal(t, due(7000, 8000, 10), 0) // back again
	equal(t, due(100, 8000, 40), 0)
	equal(t, due(100, 8000, 20), 1)
	equal(t, due(100, 8000, 600), 0)
	for sessions := int64(4000); sessions > 100; sessions -= 200 {
		equal(t, due(100, sessions, 2), 0) // they end, and more will
	}
	equal(t, due(100, 100, 5), 0)
	equal(t, due(100, 100, 10), 1)
	equal(t, due(100, 100, 600), 0)
}

// What new connections left is collected when many were made and then hardly any, once, and not while more come.
func TestRushWatch(t *testing.T) {
	var w rushWatch
	now, made := int64(1), uint64(0)
	due := func(each uint64, seconds int) (times int) {
		for range seconds * 10 {
			now += 100
			made += each
			if w.due(made, now) {
				times++
			}
		}
		return times
	}
	equal(t, due(1, 60), 0) // too few
	equal(t, due(100, 60), 0)
	equal(t, due(0, 1), 0)
	equal(t, due(100, 1), 0) // more come
	equal(t, due(1, 3), 1)
	equal(t, due(0, 600), 0)
	equal(t, due(1000, 1), 0)
	equal(t, due(0, 600), 1)
}

// What is trimmed works as before.
func TestTrim(t *testing.T) {
	s := start(t, func(c *Config) { c.Loops = 2; c.MaxInterval = 1000 * 1000 * 1000 })
	for range 2 {
		a, b := dial(t, s), dial(t, s)
		id := a.subscriber("/a")
		b.holdConnect(s, id)
		s.trim()
		mustPublish(t, s, "/a", "1")
		equal(t, events(b.messages()), []string{"1"})
		a.Close()
		b.Close()
		eventually(t, func() bool { st := s.Stats(); return st.Connections == 0 && st.Sessions == 0 })
		s.trim()
	}
}
