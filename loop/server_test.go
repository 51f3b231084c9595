package loop

import "testing"

// Ticks come soon while one loop is in a hurry or memory is nearly full, else seldom.
func TestPauseBetweenTicks(t *testing.T) {
	t.Parallel()
	s := made(t, func(c *Config) { c.Loops = 2 })
	ticks := ticks{s.shared, &s.loops}
	equal(t, ticks.pause(), calmTick) // no loop runs
	s.bound.Store(&s.reactors)
	equal(t, ticks.pause(), calmTick)
	s.reactors[1].hurry.Store(true)
	equal(t, ticks.pause(), tickEvery)
	s.reactors[1].hurry.Store(false)
	s.memory.near.Store(true)
	equal(t, ticks.pause(), tickEvery)
}

// Sessions are shared among the loops, at least one for each; and what a loop's core knows of the server is true.
func TestShareOfALoop(t *testing.T) {
	t.Parallel()
	for sessions, share := range map[int]int{30: 10, 31: 10, 3: 1, 1: 1} {
		s, err := New(config(func(c *Config) {
			c.Loops, c.Limits.MaxSessions, c.Cluster = 3, sessions, &nodesCluster{nodesLink: new(nodesLink), node: 7}
		}))
		if err != nil {
			t.Fatal(err)
		}
		core := coreConfig(s.shared, 2)
		equal(t, core.Limits.MaxSessions, share)
		equal(t, core.Place, s.place(2))
		equal(t, core.Place.Node, uint16(7))
		equal(t, core.Place.Loop, uint16(2))
		equal(t, core.MaxMessage, s.cfg.MaxMessage)
		equal(t, core.MaxAhead > s.ahead()+s.cfg.MaxMessage, true)
		equal(t, core.Durable, true) // by the cluster
		equal(t, core.Congested(), false)
		s.congested.Add(1)
		equal(t, core.Congested(), true)
	}
}
