package client

import (
	"fmt"
	"slices"

	"halley/bench/hist"
	"halley/bench/plan"
	"halley/bench/reconcile"
	"halley/bench/wire"
)

// accounts are the books of a process: which messages arrived at which subscriber and
// after how long, and the counters of all that its clients met with.
type accounts struct {
	book     *reconcile.Book
	latency  *hist.Histogram
	stale    *hist.Histogram
	nodes    []*hist.Histogram // both of these, by the node of the subscriber
	series   series
	tally    Progress // what is counted event by event; its other fields are filled in for a report
	symbols  *plan.Symbols
	symbolOf map[string]int
	record   *record // of what this process publishes
	first    int     // number of this process's first subscriber in the whole run
	run      uint32
}

func newAccounts(r *roster, published *record) *accounts {
	c := r.config
	a := &accounts{
		book:     reconcile.NewBook(c.Subscribers, c.Symbols.PerSubscriber()),
		latency:  hist.New(),
		stale:    hist.New(),
		symbols:  c.Symbols,
		symbolOf: map[string]int{},
		record:   published,
		first:    c.First,
		run:      c.Run,
	}
	for k, name := range c.Names {
		a.symbolOf[name] = k
	}
	a.book.Divide(max(len(c.URLs), 1), c.First)
	for range c.URLs {
		a.nodes = append(a.nodes, hist.New())
	}
	for i := range c.Subscribers {
		a.book.Grant(i, r.kind(i).habits.Claim)
	}
	return a
}

// deliver enters a message that arrived at the subscriber of an exchange.
func (a *accounts) deliver(e *exchange, m *wire.Message, now int64) {
	p, ok := wire.ParsePayload(m.Data)
	k, known := a.symbolOf[string(m.Channel)]
	slot := -1
	if known {
		slot = a.symbols.Slot(a.first+e.owner, k)
	}
	if !ok || p.Run != a.run || slot < 0 {
		a.book.Stray(e.owner)
		return
	}
	if e.kind.habits.Wishes.Replay {
		a.book.Number(e.owner, slot, m.ReplayID)
	}
	due := a.book.Due(e.owner, slot)
	switch a.book.Deliver(e.owner, slot, p.Sequence) {
	case reconcile.InOrder, reconcile.Late:
		a.series.at(now).Delivered++
		took, of := now-p.Planned, a.latency
		if e.kind.habits.Claim == reconcile.Newest {
			took, of = now-a.record.plannedAt(k, due, p.Planned), a.stale
		}
		of.Record(took)
		if len(a.nodes) > 1 {
			a.nodes[(a.first+e.owner)%len(a.nodes)].Record(took)
		}
	}
}

// scan goes over a batch that came under an exchange: deliveries are entered, replies to
// the request are added to o.
func (a *accounts) scan(e *exchange, body []byte, now int64, o *outcome) error {
	batch, gap, events, replies := wire.NewBatch(body), false, false, 0
	subscribes := e.kind.role == subscriber
	var m wire.Message
	for batch.Next(&m) {
		var ext wire.Ext
		if m.Ext != nil {
			ext = wire.ParseExt(m.Ext)
		}
		switch {
		case m.IsDelivery():
			events = true
			if subscribes {
				a.deliver(e, &m, now)
			}
		case e.answers(&m):
			o.add(e.what, &m, e.place(&m, replies))
			replies++
			o.ext = ext
		}
		gap = gap || ext.Gap
		if subscribes && ext.Dropped > 0 {
			a.book.Tell(e.owner, ext.Dropped)
		}
	}
	if gap {
		a.tally.Gaps++
	}
	if events && !o.answered && e.kind.habits.Wishes.Acknowledge {
		a.book.Misnumbered(e.owner) // nothing acknowledges what came without a connect reply
	}
	if err := batch.Err(); err != nil {
		return fmt.Errorf("%w in %.80q", err, body)
	}
	return nil
}

// enter counts what a step of the protocol came to, which a session has taken.
func (a *accounts) enter(session int, st *step) {
	t := &a.tally
	t.Held += int(st.held)
	t.Cycles += int64(st.cycles)
	t.Renewed += int64(st.renewals)
	t.Rolled += int64(st.rolls)
	for range st.misnumbered {
		a.book.Misnumbered(session)
	}
	if st.fault != "" {
		t.Faults.note(&t.Faults.Protocol, st.fault)
	}
}

// report completes p, a copy of the tally to which the rest was added, and notes it in the series.
func (a *accounts) report(p *Progress, now int64) {
	p.At = now
	p.Delivered = a.book.Delivered()
	if a.record.times != nil {
		p.Sent, p.Void = slices.Clone(a.record.sent), a.record.void
	}
	a.series.heldAt(now, p.Held)
}

// settled is how many of the subscribers that were started have all that they are to get.
func (a *accounts) settled(l Ledger, started int) int {
	return a.book.Settled(started, a.totals(l, started))
}

// totals says by subscriber and slot what by symbol was published. A subscriber that has
// not been started lacks nothing.
func (a *accounts) totals(l Ledger, started int) func(subscriber, slot int) reconcile.Published {
	return func(subscriber, slot int) reconcile.Published {
		if subscriber >= started {
			return reconcile.Published{}
		}
		return l.Published(a.symbols.Follows(a.first+subscriber, slot))
	}
}

// balance closes the books into a result. Its histograms are copies, since the clients go on.
func (a *accounts) balance(l Ledger, started int, now int64) Result {
	totals := a.totals(l, started)
	r := Result{Latency: a.latency.Clone(), Stale: a.stale.Clone(), Series: slices.Clone(a.series.buckets)}
	for n, counts := range a.book.CloseParts(totals) {
		r.Counts.Add(counts)
		if len(a.nodes) > 1 {
			r.Nodes = append(r.Nodes, Node{Counts: counts, Latency: a.nodes[n].Clone()})
		}
	}
	if l.WantDue {
		r.Due = a.record.times
	}
	due := a.record.times
	if due == nil {
		due = l.Due
	}
	// What never came is added with the time waited for it: without it a server that
	// stalls would show the latencies of its good days alone.
	a.book.Missing(totals, func(subscriber, slot int, n uint32) {
		k := a.symbols.Follows(a.first+subscriber, slot)
		if k >= len(due) || int(n) >= len(due[k]) {
			return
		}
		h := r.Latency
		if a.book.Claim(subscriber) == reconcile.Newest {
			h = r.Stale
		}
		h.Record(now - due[k][n])
		r.Censored++
	})
	return r
}
