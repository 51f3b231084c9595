// Package plan is the arithmetic of a run: when each message is due, on which
// channel it goes, and which channels each subscriber follows. Everything here is
// a pure function, so every process of a run computes the same plan without
// talking to the others, and latency can be measured from the plan and not from
// the moment at which a busy generator got round to sending.
package plan

import (
	"time"
)

// Pace is an open-loop schedule: message i is due at i/Rate after the start.
type Pace struct {
	Rate  float64 // messages per second; 0 or less means that everything is due at once
	Count int     // messages in all; 0 means without end
}

// Due is the offset from the start at which message i should be sent.
func (p Pace) Due(i int) time.Duration {
	if p.Rate <= 0 {
		return 0
	}
	return time.Duration(float64(i) / p.Rate * float64(time.Second))
}

// Share splits total into parts as evenly as possible and returns the first
// index and the size of part number i.
func Share(total, parts, i int) (first, size int) {
	small, extra := total/parts, total%parts
	first = i*small + min(i, extra)
	if i < extra {
		return first, small + 1
	}
	return first, small
}

// Among reports whether number i of total is one of n that are spread evenly among them.
func Among(i, n, total int) bool {
	return total > 0 && (i+1)*n/total > i*n/total
}
