package client

import (
	"encoding/json"
	"halley/bench/hist"
	"halley/bench/reconcile"
	"testing"
)

func TestResultsMergeThroughJSON(t *testing.T) {
	part := func(latency int64, buckets int) Result {
		r := Result{Latency: hist.New(), Stale: hist.New(), Lag: hist.New(), Ramp: hist.New(), Cycle: hist.New(), Counts: reconcile.Counts{Delivered: 1}, Series: make([]Bucket, buckets)}
		r.Latency.Record(latency)
		r.Stale.Record(latency)
		r.Series[0] = Bucket{Delivered: 1, Held: 2, Ramped: 3}
		return r
	}
	a := part(1000, 1)
	text, err := json.Marshal(part(9000, 3))
	if err != nil {
		t.Fatal(err)
	}
	var b Result
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	a.Merge(b)
	if a.Latency.Count() != 2 || a.Stale.Count() != 2 || a.Counts.Delivered != 2 || len(a.Series) != 3 || a.Series[0] != (Bucket{Delivered: 2, Held: 4, Ramped: 6}) {
		t.Errorf("%d latencies, %+v, %+v", a.Latency.Count(), a.Counts, a.Series)
	}
}
