// Proved by TestForward.

package upstream

import (
	"sync/atomic"
	"time"
)

// Figures are what the upstreams have done so far.
type Figures struct {
	Upstreams []Counts `label:"upstream"`
}

// Counts are the figures of one upstream.
type Counts struct {
	Address       string
	Connected     bool          `metric:"upstream_connected" help:"1 while there is a session with the upstream and its connection stands."`
	Subscriptions int64         `metric:"upstream_subscriptions" help:"Patterns that are subscribed to at the upstream."`
	In            uint64        `metric:"upstream_received_total" help:"Messages from the upstream, those that were not published included."`
	InRefused     uint64        `metric:"upstream_received_refused_total" help:"Messages from the upstream that could never be published here."`
	Out           uint64        `metric:"upstream_forwarded_total" help:"Messages that the upstream has taken."`
	OutRefused    uint64        `metric:"upstream_refused_total" help:"Messages that the upstream has refused."`
	Unconfirmed   uint64        `metric:"upstream_unconfirmed_total" help:"Messages that the upstream may not have got, since its connection was lost before it confirmed them."`
	Overflowed    uint64        `metric:"upstream_overflowed_total" help:"Messages that were dropped, since too many waited for the upstream."`
	Hops          uint64        `metric:"upstream_hops_total" help:"Messages that went no further, since they had passed as many servers as they may."`
	Gaps          uint64        `metric:"upstream_gaps_total" help:"Patterns of which subscribers were told that messages from the upstream may be missing."`
	Waiting       int64         `metric:"upstream_waiting" help:"Messages that wait to be passed on."`
	Lag           time.Duration `metric:"upstream_lag_seconds" help:"Age of the oldest message that waits to be passed on."`
}

// Label implements metric.Labelled.
func (c Counts) Label() string { return c.Address }

// counts are what one upstream counts as it goes.
type counts struct{ in, inRefused, out, outRefused, unconfirmed, hops, gaps atomic.Uint64 }

// figures are those of the upstream now.
func (u *upstream) figures() Counts {
	lag, waiting, overflowed := u.outbox.state(time.Now())
	return Counts{
		Address: u.address, Connected: u.state.isUp(), Subscriptions: u.wants.subscribed(),
		In: u.counts.in.Load(), InRefused: u.counts.inRefused.Load(),
		Out: u.counts.out.Load(), OutRefused: u.counts.outRefused.Load(), Unconfirmed: u.counts.unconfirmed.Load(),
		Overflowed: overflowed, Hops: u.counts.hops.Load(), Gaps: u.counts.gaps.Load(), Waiting: int64(waiting), Lag: lag,
	}
}
