// Proved by TestRotation.

package token

import (
	"sync/atomic"
	"time"
)

// Figures are what is counted of tokens, see package loop/metric.
type Figures struct {
	Verified  uint64        `metric:"tokens_verified_total" help:"Tokens whose signature was verified."`
	Refused   ByRefusal     `metric:"tokens_refused_total" label:"reason" help:"Messages refused for their token or the want of one, by reason."`
	Refreshed uint64        `metric:"tokens_refreshed_total" help:"Sessions that went on with another token."`
	Fetches   uint64        `metric:"jwks_fetches_total" help:"Fetches of the JWK set."`
	Failures  uint64        `metric:"jwks_failures_total" help:"Fetches of the JWK set that failed."`
	Age       time.Duration `metric:"token_keys_age_seconds" help:"Time since the keys of tokens were last read or fetched."`
}

// ByRefusal counts by reason.
type ByRefusal [refusals]uint64

// Label implements metric.Labels.
func (ByRefusal) Label(why int) string { return Refusal(why).String() }

// figures are the Figures that grow, as several goroutines count them.
type figures struct {
	verified, refreshed, fetches, failures atomic.Uint64
	refused                                [refusals]atomic.Uint64
	read                                   atomic.Int64 // when the keys were, in milliseconds since 1970
}

func (f *figures) now(now time.Time) (all Figures) {
	all = Figures{Verified: f.verified.Load(), Refreshed: f.refreshed.Load(), Fetches: f.fetches.Load(), Failures: f.failures.Load()}
	for why := range f.refused {
		all.Refused[why] = f.refused[why].Load()
	}
	if read := f.read.Load(); read != 0 {
		all.Age = now.Sub(time.UnixMilli(read))
	}
	return all
}
