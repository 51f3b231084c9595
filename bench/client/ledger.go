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

// record is what this process has published.
type record struct {
	sent  []uint32           // messages per symbol that were written to the server so far
	times [][]int64          // when each of them was due; nil in processes that do not publish
	void  [][]reconcile.Span // which of them the server has refused; nil when none
}

func newRecord(publishes bool, symbols int) *record {
	r := &record{sent: make([]uint32, symbols)}
	if publishes {
		r.times = make([][]int64, symbols)
	}
	return r
}

// number gives a message that was due at a time the next number of its symbol.
func (r *record) number(symbol int, planned int64) uint32 {
	n := r.sent[symbol]
	r.sent[symbol]++
	r.times[symbol] = append(r.times[symbol], planned)
	return n
}

// refuse notes that the server has refused message n of a symbol. A void that was
// reported before stays as it is.
func (r *record) refuse(symbol int, n uint32) {
	void := slices.Clone(r.void)
	if void == nil {
		void = make([][]reconcile.Span, len(r.sent))
	}
	void[symbol] = reconcile.AddVoid(slices.Clone(void[symbol]), n)
	r.void = void
}

// plannedAt is when message n of a symbol was due, or otherwise where that is not known:
// in processes that do not publish.
func (r *record) plannedAt(symbol int, n uint32, otherwise int64) int64 {
	if r.times == nil || int(n) >= len(r.times[symbol]) {
		return otherwise
	}
	return r.times[symbol][n]
}
