package loop

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
)

// A group that took long to leave has the next ones be smaller, over a websocket and over
// a stream, on the session's loop and from another; who takes all at once gets as much
// as before.
func TestGroupsFitTheLink(t *testing.T) { eachSocket(t, testGroupsFitTheLink) }

func testGroupsFitTheLink(t *testing.T, k socketKind) {
	var batch []Publication
	for i := range 2000 {
		batch = append(batch, publication("/a", fmt.Sprintf(`"%d %s"`, i, strings.Repeat("x", 1000)))...)
	}
	for _, loops := range []int{1, 3} {
		s, now := k.startStill(t, func(c *Config) { roomy(c); c.Loops = loops })
		for _, late := range []bool{true, false} {
			home, slow := k.dial(t, s), k.dialSlow(t, s)
			id := home.subscriber("/a")
			slow.send(upgradeRequest(""))
			slow.read()
			slow.roundTrip(wsConnectNow(id))
			if err := s.Publish(batch); err != nil {
				t.Fatal(err)
			}
			stalled(t, s)
			if late {
				now.Add(2000)
			}
			least, got := 1<<20, 0
			for frames := 0; frames < 4; frames++ {
				_, text := slow.readFrame()
				n := len(events(decode(t, text)))
				if got += n; frames > 0 {
					least = min(least, len(text))
				}
			}
			if small := least <= 8<<10; small != late {
				t.Errorf("%d loops, late %v: %d bytes in a group, %d events in all", loops, late, least, got)
			}
			slow.Close()
			home.Close()
		}
	}
}

// startStill is start with a clock that stands still.
func (k socketKind) startStill(t testing.TB, change func(*Config)) (s *Server, now *atomic.Int64) {
	t.Helper()
	s = made(t, k.change(change))
	s.cover, now = k.server, s.still()
	s.runUntilEnd(t)
	return s, now
}
