package client

import "halley/bench/plan"

// Publication is a stretch of messages to publish in an open loop. With Ticks it
// replays a recorded feed, else symbols come from the plan and times from the pace.
type Publication struct {
	Start int64 // nanoseconds since the run's start at which message 0 is due; 0 means as soon as possible
	Pace  plan.Pace
	First int // number of the first tick, so that stretches in a row pick on in the plan
	Ticks []plan.Tick
}

func (p *Publication) count() int {
	if p.Ticks != nil {
		return len(p.Ticks)
	}
	return p.Pace.Count
}

func (p *Publication) due(i int) int64 {
	if p.Ticks != nil {
		return p.Start + int64(p.Ticks[i].Due)
	}
	return p.Start + int64(p.Pace.Due(i))
}
