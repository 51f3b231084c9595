// Proved by TestPace.

package feed

import (
	"math"
	"time"
)

// Pace says when rows are due: the first one at once, the others as much
// later as their time is, divided by Speed. Speed 0 has no waits.
type Pace struct {
	Speed float64
	first float64
	begun bool
}

// Due is when a row of a time (in milliseconds) is due, counted from the first
// one. Times that run backwards are due at once.
func (p *Pace) Due(ms float64) time.Duration {
	if !p.begun {
		p.first, p.begun = ms, true
	}
	if p.Speed <= 0 {
		return 0
	}
	due := (ms - p.first) / p.Speed * float64(time.Millisecond)
	switch {
	case due <= 0:
		return 0
	case due >= math.MaxInt64:
		return math.MaxInt64
	}
	return time.Duration(due)
}
