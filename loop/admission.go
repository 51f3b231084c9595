package loop

// Proved by TestAdmission and TestServerBehind.

import (
	"strconv"
	"sync/atomic"
	"time"
)

// admission keeps new sessions out while an event loop is late, so that those who are here are served. It begins when a loop
// has been late twice in a row, since one look may come right after the machine has slept, and ends when none has been
// late by a quarter of that for a while. Loops ask it; ticks alone look.
type admission struct {
	limit  int64 // milliseconds; 0 keeps nobody out
	health *health

	late    atomic.Int64 // by how much the latest loop is late while new sessions are kept out, in milliseconds; else 0
	strikes int          // looks in a row that have found a loop late
	calm    int64        // since when none is
}

const (
	lateLooks  = 2
	calmFor    = 2000   // milliseconds
	mostPace   = 10_000 // milliseconds, that a poll is advised to wait
	calmShare  = 4      // that part of the limit is not late
	paceFactor = 2      // so many times as long as a loop is late its polls wait
)

// look finds out how late the loops are.
func (a *admission) look(overdue time.Duration, now int64) {
	late := overdue.Milliseconds()
	switch {
	case a.limit == 0:
	case late >= a.limit:
		a.calm = now
		if a.strikes++; a.strikes >= lateLooks {
			a.begin(late)
		}
	case late*calmShare >= a.limit:
		a.strikes, a.calm = 0, now
	default:
		if a.strikes = 0; now-a.calm >= calmFor {
			a.end()
		}
	}
}

func (a *admission) begin(late int64) {
	if a.late.Swap(late) == 0 {
		a.health.trouble("event loops late", "new sessions are refused")
	}
}

func (a *admission) end() {
	if a.late.Swap(0) != 0 {
		a.health.trouble("event loops late", "")
	}
}

// behind tells whether new sessions are refused.
func (a *admission) behind() bool { return a.late.Load() > 0 }

// pace is the least interval that polls are advised, in milliseconds.
func (a *admission) pace() int64 { return min(mostPace, paceFactor*a.late.Load()) }

// retryAfter is the header field that says when to try again, in whole seconds.
func (a *admission) retryAfter() string {
	return "Retry-After: " + strconv.FormatInt(1+a.pace()/1000, 10) + "\r\n"
}

// latest is how late the latest of the loops is that run.
func (l *loops) latest() (overdue time.Duration) {
	for _, r := range *l.bound.Load() {
		overdue = max(overdue, r.overdue())
	}
	return overdue
}
