package client

import (
	"slices"

	"halley/bench/reconcile"
)

// Ledger says what was published in the whole run, which processes that do not publish
// have to be told before they can close their books.
type Ledger struct {
	Sent    []uint32           `json:"sent,omitempty"` // messages per symbol that were written to the server
	Void    [][]reconcile.Span `json:"void,omitempty"` // which of them it has refused
	Due     [][]int64          `json:"due,omitempty"`  // when each of them was due, if the process cannot know
	WantDue bool               `json:"wantDue,omitempty"`
}

// Ledger is what has been published so far.
func (p *Progress) Ledger() Ledger { return Ledger{Sent: p.Sent, Void: p.Void} }

// Published says which messages of symbol k were published.
func (l *Ledger) Published(k int) (p reconcile.Published) {
	if k < len(l.Sent) {
		p.Total = l.Sent[k]
	}
	if k < len(l.Void) {
		p.Void = l.Void[k]
	}
	return p
}

// Result balances the books and hands everything over through the callback on the loop.
func (f *Fleet) Result(l Ledger, done func(Result)) {
	f.do(func() {
		now := f.clock.Now()
		counts := f.book.Close(f.totals(l))
		f.refresh(now)
		// Copies: the fleet goes on while the result is read elsewhere.
		r := Result{Progress: f.tally, Counts: counts, Latency: f.latency.Clone(), Stale: f.stale.Clone(), Lag: f.out.lag.Clone(),
			Ramp: f.ramp.took.Clone(), Cycle: f.churn.took.Clone(), Series: slices.Clone(f.series.buckets)}
		if l.WantDue {
			r.Due = f.out.times
		}
		f.censor(&r, l, now)
		done(r)
	})
}

// censor adds what never came to the latencies, with the time waited for it: without it
// a server that stalls would show those of its good days alone.
func (f *Fleet) censor(r *Result, l Ledger, now int64) {
	due := f.out.times
	if due == nil {
		due = l.Due
	}
	f.book.Missing(f.totals(l), func(subscriber, slot int, n uint32) {
		k := f.config.Symbols.Follows(f.config.First+subscriber, slot)
		if k >= len(due) || int(n) >= len(due[k]) {
			return
		}
		h := r.Latency
		if f.book.Claim(subscriber) == reconcile.Newest {
			h = r.Stale
		}
		h.Record(now - due[k][n])
		r.Censored++
	})
}

// Finish tells the fleet that all is published: from now on Progress.Settled counts.
func (f *Fleet) Finish(l Ledger) {
	f.do(func() { f.final = &l })
}

// totals says by subscriber and slot what by symbol was published. A subscriber that has
// not been started lacks nothing.
func (f *Fleet) totals(l Ledger) func(subscriber, slot int) reconcile.Published {
	return func(subscriber, slot int) reconcile.Published {
		if subscriber >= f.ramp.started {
			return reconcile.Published{}
		}
		return l.Published(f.config.Symbols.Follows(f.config.First+subscriber, slot))
	}
}
