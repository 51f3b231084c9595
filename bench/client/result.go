package client

import (
	"halley/bench/hist"
	"halley/bench/reconcile"
)

// Result is what a fleet has to say at the end.
type Result struct {
	Progress Progress         `json:"progress"`
	Counts   reconcile.Counts `json:"counts"`
	Latency  *hist.Histogram  `json:"latency"` // planned publish to arrival
	Stale    *hist.Histogram  `json:"stale"`   // the same of those who are to get the newest, from the oldest message that an arrival stands for
	Lag      *hist.Histogram  `json:"lag"`     // planned publish to actual send
	Ramp     *hist.Histogram  `json:"ramp"`    // dial to held
	Cycle    *hist.Histogram  `json:"cycle"`   // a churning client's cycle, dial to disconnect reply
	Series   []Bucket         `json:"series"`
	Censored int64            `json:"censored,omitempty"` // of Latency and Stale, how many are of messages that never came: they took longer than what is recorded
	Nodes    []Node           `json:"nodes,omitempty"`    // by URL, where there is more than one
	Due      [][]int64        `json:"due,omitempty"`      // when each message of a symbol was due, if the Ledger asks
}

// Node is the share of the subscribers that have come to one URL.
type Node struct {
	Counts  reconcile.Counts `json:"counts"`
	Latency *hist.Histogram  `json:"latency"` // as Latency and Stale of the Result, but without what never came
}

// Merge adds another process's result to r.
func (r *Result) Merge(other Result) {
	r.Progress.Add(other.Progress)
	r.Counts.Add(other.Counts)
	r.Latency.Merge(other.Latency)
	r.Stale.Merge(other.Stale)
	r.Lag.Merge(other.Lag)
	r.Ramp.Merge(other.Ramp)
	r.Cycle.Merge(other.Cycle)
	r.Censored += other.Censored
	for i, n := range other.Nodes {
		if i == len(r.Nodes) {
			r.Nodes = append(r.Nodes, Node{Latency: hist.New()})
		}
		r.Nodes[i].Counts.Add(n.Counts)
		r.Nodes[i].Latency.Merge(n.Latency)
	}
	for i, b := range other.Series {
		if i == len(r.Series) {
			r.Series = append(r.Series, Bucket{})
		}
		r.Series[i].Delivered += b.Delivered
		r.Series[i].Held += b.Held
		r.Series[i].Ramped += b.Ramped
	}
}
