package loop

import (
	"fmt"
	"testing"
)

// What is over at the same time is worked off over as many turns as it takes, and none of it waits for the next tick.
func TestSweepGoesOn(t *testing.T) {
	t.Parallel()
	const clients, channels = 20, 100
	s := start(t, func(c *Config) { c.Loops, c.TurnWork, c.Rules = 1, 100, []string{"/** rate=0.01/s"} })
	var wires []*wire
	var ids []string
	for range clients {
		w := dial(t, s)
		wires, ids = append(wires, w), append(ids, w.subscriber("/a/*"))
	}
	for n := range 2 {
		var batch []Publication
		for i := range channels {
			batch = append(batch, Publication{Channel: fmt.Appendf(nil, "/a/%d", i), Data: fmt.Append(nil, n)})
		}
		equal(t, s.Publish(batch), nil)
	}
	for i, w := range wires {
		equal(t, len(w.collect(ids[i], channels)), channels)
		w.send(post(connect(ids[i])))
	}
	later := s.now() + 200_000
	for more := true; more; {
		equal(t, s.loops.visit(t.Context(), func(r *reactor) {
			r.sweep(later)
			more = r.sweepPosted
		}), nil)
	}
	for i, w := range wires {
		got := events(w.messages())
		equal(t, len(append(got, w.collect(ids[i], channels-len(got))...)), channels)
	}
}
