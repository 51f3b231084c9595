package loop

import (
	"fmt"
	"strings"
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
		s := k.start(t, func(c *Config) { roomy(c); c.Loops = loops })
		for _, late := range []bool{true, false} {
			// A busy machine lets groups be late that nothing holds back: it may try again.
			eventually(t, func() bool {
				least := k.leastGroup(t, s, batch, late)
				narrow := least <= 8<<10
				if narrow != late {
					t.Logf("%d loops, late %v: %d bytes in a group", loops, late, least)
				}
				return narrow == late
			})
		}
	}
}

// leastGroup is the length of the shortest group that a client gets of a batch, after one that
// waited for it for long, or for no time at all.
func (k socketKind) leastGroup(t *testing.T, s *Server, batch []Publication, late bool) int {
	home, slow := k.dial(t, s), k.dialSlow(t, s)
	defer home.Close()
	defer slow.Close()
	id := home.subscriber("/a")
	slow.send(upgradeRequest(""))
	slow.read()
	slow.roundTrip(wsConnectNow(id))
	if err := s.Publish(batch); err != nil {
		t.Fatal(err)
	}
	stalled(t, s)
	wait := int64(2000)
	if !late {
		wait = -1 << 40 // however slow this machine is
	}
	s.visit(t.Context(), func(r *reactor) {
		for _, u := range r.output.slow {
			for p := range u.Each {
				p.since -= wait
			}
		}
	})
	least := 1 << 20
	slow.readFrame()
	for range 3 {
		_, text := slow.readFrame()
		least = min(least, len(text))
	}
	return least
}
