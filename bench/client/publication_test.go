package client

import (
	"halley/bench/plan"
	"testing"
)

func TestPublicationTimes(t *testing.T) {
	paced := Publication{Start: 100, Pace: plan.Pace{Rate: 1e9, Count: 3}}
	if paced.count() != 3 || paced.due(2) != 102 {
		t.Errorf("%d messages, the third at %d", paced.count(), paced.due(2))
	}
	feed := Publication{Start: 100, Ticks: []plan.Tick{{Due: 5}, {Due: 9}}}
	if feed.count() != 2 || feed.due(1) != 109 {
		t.Errorf("%d ticks, the second at %d", feed.count(), feed.due(1))
	}
}
