package client

import (
	"halley/bench/hist"
	"halley/bench/plan"
)

// ramp brings subscribers to life, in the order of their numbers.
type ramp struct {
	pace     plan.Pace
	begin    int64
	first    int // subscribers that were started before this stretch
	to       int
	started  int
	underWay int // between their start and the first time held
	limit    int // of those under way
	took     *hist.Histogram
}

func newRamp(limit int) ramp { return ramp{limit: limit, took: hist.New()} }

// start lets subscribers begin until there are to of them, at most rate a second; 0 is
// as fast as the server answers.
func (r *ramp) start(to int, rate float64, now int64) {
	r.to, r.first, r.begin, r.pace = to, r.started, now, plan.Pace{Rate: rate}
}

func (r *ramp) stop() { r.to = r.started }

// wake is when the next subscriber is to begin, but not after next.
func (r *ramp) wake(next int64) int64 {
	if r.started < r.to && r.underWay < r.limit {
		return min(next, r.due())
	}
	return next
}

func (r *ramp) due() int64 { return r.begin + int64(r.pace.Due(r.started-r.first)) }

// take is the subscriber that is to begin now, if one is.
func (r *ramp) take(now int64) (subscriber int, ok bool) {
	if r.wake(never) > now {
		return 0, false
	}
	r.started++
	r.underWay++
	return r.started - 1, true
}

// held notes that a subscriber is held for the first time, so long after it began.
func (r *ramp) held(took int64) {
	r.took.Record(took)
	r.underWay--
}

// gaveUp notes that a subscriber will never be held.
func (r *ramp) gaveUp() { r.underWay-- }
