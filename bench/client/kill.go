package client

import (
	"time"

	"halley/bench/plan"
)

// killing breaks held connections on purpose.
type killing struct {
	pace  plan.Pace
	begin int64
	count int // kills that have been due
	last  int // subscriber that was looked at last
}

// start lets rate connections a second be broken from a second after now; 0 ends it.
func (k *killing) start(rate float64, now int64) {
	*k = killing{pace: plan.Pace{Rate: rate}, begin: now + int64(time.Second), last: k.last}
}

func (k *killing) stop() { k.pace.Rate = 0 }

// wake is when the next kill is due, but not after next.
func (k *killing) wake(next int64) int64 {
	if k.pace.Rate > 0 {
		return min(next, k.begin+int64(k.pace.Due(k.count)))
	}
	return next
}

// take reports whether a kill is due now, and whether it is to be by RST and not by FIN.
func (k *killing) take(now int64) (reset, due bool) {
	if k.wake(never) > now {
		return false, false
	}
	k.count++
	return k.count%2 == 0, true
}

// pick is the first of the subscribers started so far that will do, of the next 64. The stride is a prime, so
// that neighbours, who connected together, are not killed together.
func (k *killing) pick(sessions []session) *session {
	for range min(len(sessions), 64) {
		k.last = (k.last + 7919) % len(sessions)
		if s := &sessions[k.last]; s.phase == holding && s.poll >= 0 {
			return s
		}
	}
	return nil
}
