package loop

import (
	"testing"
	"time"

	"halley/loop/bus"
)

// A loop that is stuck hides no other in the figures, no sum falls for it, its lag
// is told, and it is asked once however often somebody wants to know.
func TestStatsWithAStuckLoop(t *testing.T) {
	t.Parallel()
	s := made(t, func(c *Config) { c.Loops = 3 })
	s.census.patience = statsTimeout
	s.runUntilEnd(t)
	for len(*s.bound.Load()) < 3 {
		dial(t, s).subscriber("/a")
	}
	before := s.Stats()
	stuck := (*s.bound.Load())[0].id
	release, entered := make(chan struct{}), make(chan struct{})
	s.do(stuck, func(*reactor) { close(entered); <-release })
	<-entered
	eventually(t, func() bool { return s.reactors[stuck].tickPosted.Load() != 0 })
	for range 3 {
		now := s.Stats()
		if now.Handshakes != before.Handshakes || now.Sessions != before.Sessions || now.Requests < before.Requests {
			t.Errorf("figures fell from %+v to %+v", before, now)
		}
		if now.Loops[stuck].Lag < statsTimeout/2 {
			t.Errorf("the stuck loop's lag reads %v", now.Loops)
		}
	}
	asked, _ := s.reactors[stuck].box.Kept()
	equal(t, asked, bus.MessageCost) // one task
	close(release)
	eventually(t, func() bool { return s.Stats().Loops[stuck].Lag < time.Second })
	equal(t, s.Stats().Handshakes, before.Handshakes)
}
