package loop

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// Memory is given back once when most connections have gone and stay away, once when their sessions have, and once when most
// subscriptions have though the sessions stay.
func TestMemoryWatch(t *testing.T) {
	var w memoryWatch
	now, subscriptions := int64(1), int64(0)
	due := func(connections, sessions int64, tenths int) (times int) {
		for range tenths {
			now += 100
			if w.due(connections, sessions, subscriptions, now) {
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
	subscriptions = 12_000
	equal(t, due(100, 100, 600), 0)
	subscriptions = 2500
	equal(t, due(100, 100, 600), 0) // too few have gone
	subscriptions = 100_000
	equal(t, due(100, 100, 600), 0)
	subscriptions = 20_000
	equal(t, due(100, 100, 5), 0)
	equal(t, due(100, 100, 10), 1)
	equal(t, due(100, 100, 600), 0)
}

// What the subscriptions of a few sessions took is given back when they have gone, though hardly any session has: it would keep memory
// short for ever otherwise.
func TestSubscriptionsAreGivenBack(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.MaxSubscriptions = 1, 20_000 })
	few, many := dial(t, s), dial(t, s)
	few.subscriber("/few")
	id := many.subscriber("/many")
	for n := range 24 {
		var patterns []string
		for i := range 500 {
			patterns = append(patterns, fmt.Sprintf("/many/%d/%d", n, i))
		}
		list, _ := json.Marshal(patterns)
		equal(t, many.bayeux(fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":%s}`, id, list))[0]["successful"], true)
	}
	full := s.Stats().Kept.Subscriptions
	ticked := s.reactors[0].subscriptions.Load
	eventually(t, func() bool { return ticked() == 12_002 })
	many.bayeux(fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, id))
	eventually(t, func() bool { return s.Stats().Kept.Subscriptions < full/10 })
	equal(t, s.Stats().Sessions, 1)
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
	s, now := startStill(t, func(c *Config) { c.Loops, c.MaxInterval = 2, time.Second })
	for range 2 {
		a, b := dial(t, s), dial(t, s)
		id := a.subscriber("/a")
		b.holdConnect(s, id)
		s.trim()
		mustPublish(t, s, "/a", "1")
		equal(t, events(b.messages()), []string{"1"})
		a.Close()
		b.Close()
		eventually(t, func() bool {
			now.Add(100)
			st := s.Stats()
			return st.Connections == 0 && st.Sessions == 0
		})
		s.trim()
	}
}
