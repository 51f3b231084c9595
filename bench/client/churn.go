package client

import (
	"halley/bench/hist"
	"halley/bench/plan"
)

// churn lets clients connect, handshake, subscribe and disconnect over and over.
type churn struct {
	pace   plan.Pace
	begin  int64
	cycles int   // started so far
	idle   []int // sessions without a cycle under way
	failed int64
	took   *hist.Histogram
}

func newChurn(r *roster) churn {
	c := churn{took: hist.New()}
	for n := range r.config.Churners {
		c.idle = append(c.idle, r.churner(n))
	}
	return c
}

// start lets cycles begin, at most rate a second (0: as fast as the server answers) and
// count in all (0: without end, -1: no more).
func (c *churn) start(rate float64, count int, now int64) {
	c.pace, c.begin, c.cycles = plan.Pace{Rate: rate, Count: count}, now, 0
}

func (c *churn) stop() { c.pace.Count = -1 }

// wake is when the next cycle is to begin, but not after next.
func (c *churn) wake(next int64) int64 {
	if c.begin > 0 && len(c.idle) > 0 && (c.pace.Count == 0 || c.cycles < c.pace.Count) {
		return min(next, c.begin+int64(c.pace.Due(c.cycles)))
	}
	return next
}

// take is the session whose cycle is to begin now, if one is.
func (c *churn) take(now int64) (session int, ok bool) {
	if c.wake(never) > now {
		return 0, false
	}
	last := len(c.idle) - 1
	session, c.idle = c.idle[last], c.idle[:last]
	c.cycles++
	return session, true
}

// end takes back a session whose cycle is over, after so long or without success.
func (c *churn) end(session int, complete bool, took int64) {
	c.idle = append(c.idle, session)
	if complete {
		c.took.Record(took)
	} else {
		c.failed++
	}
}
