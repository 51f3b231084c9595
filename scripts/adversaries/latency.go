// Proved by TestLatencies and TestJudgeTimes.

package main

import (
	"context"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// latencies are how long events take to neighbours, from before their publish.
type latencies struct {
	mu     sync.Mutex
	sent   []time.Time // by number
	values *hdrhistogram.Histogram
}

const longestLatency = 10 * time.Minute

func newLatencies() *latencies {
	return &latencies{values: hdrhistogram.New(1, longestLatency.Microseconds(), 2)}
}

// sends notes that the event of a number goes out: the last time counts, as it may be refused and come again.
func (l *latencies) sends(number int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent[:number], time.Now())
}

// heard notes that a neighbour has it.
func (l *latencies) heard(number int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number < len(l.sent) {
		l.values.RecordValue(min(longestLatency, time.Since(l.sent[number])).Microseconds())
	}
}

// take is the 99th percentile of what was heard since the last take, 0 if nothing was.
func (l *latencies) take() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.values.Reset()
	return time.Duration(l.values.ValueAtQuantile(99)) * time.Microsecond
}

// leastSlow is what an event may take in any case: below it a scheduler's whims are larger than what is judged.
const leastSlow = 50 * time.Millisecond

// judgeTimes compares the neighbours' times during the attack with those before it.
func (r *report) judgeTimes(slower float64) {
	if slower > 0 && r.busy == 0 {
		r.fault("no event came during the attack")
	}
	limit := max(leastSlow, time.Duration(slower*float64(r.quiet)))
	if slower > 0 && r.busy > limit {
		r.fault("events took %s at the 99th percentile, %s before the attack", r.busy, r.quiet)
	}
}

// pause waits, but not longer than ctx lasts.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
