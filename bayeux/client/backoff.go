// Proved by TestBackoff.

package client

import "time"

// backoff spaces attempts after failures (Bayeux 1.0, 3.6.3 SHOULD backoff): doubling from min to max, each
// shortened by up to half at random, so that clients which lost the same
// server do not return in step.
type backoff struct {
	min, max time.Duration
	failures int
}

// next is the wait before the next attempt; random is in [0,1).
func (b *backoff) next(random float64) time.Duration {
	d := b.max
	if b.failures < 30 {
		d = min(b.max, b.min<<b.failures)
		if d <= 0 {
			d = b.max
		}
	}
	b.failures++
	return d - time.Duration(random*float64(d)/2)
}

// reset forgets the failures after a success.
func (b *backoff) reset() { b.failures = 0 }
