package client

import (
	"golang.org/x/sys/unix"

	"halley/bench/hist"
	"halley/bench/reconcile"
)

// Progress is the state of a fleet at one moment; all but Held and Open only grow.
type Progress struct {
	At          int64              `json:"at"`          // nanoseconds since the run's start
	Held        int                `json:"held"`        // subscribers whose connect or stream the server is holding
	Open        int                `json:"open"`        // sockets in use by sessions
	Ramped      int64              `json:"ramped"`      // subscribers that were held for the first time
	Delivered   int64              `json:"delivered"`   // distinct messages that arrived
	Published   int64              `json:"published"`   // messages handed to the server
	Pending     int64              `json:"pending"`     // messages due but not answered yet
	Planned     int64              `json:"planned"`     // messages that publications so far hold; they end at Published
	Refused     int64              `json:"refused"`     // publishes that the server answered with an error
	Unknown     int64              `json:"unknown"`     // publishes whose connection broke before the answer
	Cycles      int64              `json:"cycles"`      // connect replies, with or without messages
	Rolled      int64              `json:"rolled"`      // streams that the server ended in good order, for the client to open the next
	Gaps        int64              `json:"gaps"`        // times that the server said it had dropped messages
	Received    int64              `json:"received"`    // bytes
	Renewed     int64              `json:"renewed"`     // handshakes because the server had forgotten the session
	Churned     int64              `json:"churned"`     // complete cycles of churning clients
	ChurnFailed int64              `json:"churnFailed"` // cycles that came to nothing
	Killed      int64              `json:"killed"`      // connections that we broke on purpose
	Settled     int                `json:"settled"`     // subscribers that have all that they are to get, once Finish has said how much that is
	Stalled     int64              `json:"stalled"`     // readers that have subscribed and read nothing since
	Shut        int64              `json:"shut"`        // of their connections, how many the server has reset
	Faults      Faults             `json:"faults"`
	Busy        int64              `json:"busy"` // nanoseconds that the loop was not waiting
	User        int64              `json:"user"` // CPU time of the loop's thread in nanoseconds
	System      int64              `json:"system"`
	Sent        []uint32           `json:"sent,omitempty"` // messages per symbol that were written to the server, by the process that publishes
	Void        [][]reconcile.Span `json:"void,omitempty"` // which of them the server has refused; nil when none
}

// Faults counts what went wrong outside the message counts.
type Faults struct {
	Dial     int64  `json:"dial"`     // connections that were refused or could not be opened
	Closed   int64  `json:"closed"`   // connections closed or reset under a request
	Status   int64  `json:"status"`   // HTTP responses other than 200
	Protocol int64  `json:"protocol"` // Bayeux errors and replies that could not be read
	Timeout  int64  `json:"timeout"`  // requests without an answer
	First    string `json:"first,omitempty"`
}

// Total is the number of faults of all kinds.
func (f Faults) Total() int64 { return f.Dial + f.Closed + f.Status + f.Protocol + f.Timeout }

// Add adds other to f and keeps the first text.
func (f *Faults) Add(other Faults) {
	f.Dial += other.Dial
	f.Closed += other.Closed
	f.Status += other.Status
	f.Protocol += other.Protocol
	f.Timeout += other.Timeout
	if f.First == "" {
		f.First = other.First
	}
}

// Add adds another process's progress to p.
func (p *Progress) Add(other Progress) {
	p.At = max(p.At, other.At)
	p.Held += other.Held
	p.Open += other.Open
	p.Ramped += other.Ramped
	p.Delivered += other.Delivered
	p.Published += other.Published
	p.Pending += other.Pending
	p.Planned += other.Planned
	p.Refused += other.Refused
	p.Unknown += other.Unknown
	p.Cycles += other.Cycles
	p.Rolled += other.Rolled
	p.Gaps += other.Gaps
	p.Received += other.Received
	p.Renewed += other.Renewed
	p.Churned += other.Churned
	p.ChurnFailed += other.ChurnFailed
	p.Killed += other.Killed
	p.Settled += other.Settled
	p.Stalled += other.Stalled
	p.Shut += other.Shut
	p.Faults.Add(other.Faults)
	p.Busy += other.Busy
	p.User += other.User
	p.System += other.System
	if other.Sent != nil {
		p.Sent, p.Void = other.Sent, other.Void
	}
}

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
	Due      [][]int64        `json:"due,omitempty"`      // when each message of a symbol was due, if the Ledger asks
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
	for i, b := range other.Series {
		if i == len(r.Series) {
			r.Series = append(r.Series, Bucket{})
		}
		r.Series[i].Delivered += b.Delivered
		r.Series[i].Held += b.Held
		r.Series[i].Ramped += b.Ramped
	}
}

// BucketWidth is the length of one element of a Result's Series in nanoseconds.
const BucketWidth = int64(100_000_000)

// Bucket is what happened in one slice of time; element i of a series covers the
// time from i to i+1 times BucketWidth after the run's start.
type Bucket struct {
	Delivered int64 `json:"d,omitempty"`
	Ramped    int64 `json:"c,omitempty"` // subscribers that became held for the first time
	Held      int   `json:"h,omitempty"` // largest number of held subscribers
}

// maxBuckets bounds a series to three hours; later events count in the last bucket.
const maxBuckets = 3 * 3600 * 10

type series struct {
	buckets []Bucket
	held    int // of the latest report, for the buckets that no report falls into
}

func (s *series) at(now int64) *Bucket {
	i := int(min(max(now, 0)/BucketWidth, maxBuckets-1))
	for len(s.buckets) <= i {
		s.buckets = append(s.buckets, Bucket{Held: s.held})
	}
	return &s.buckets[i]
}

func (f *Fleet) refresh(now int64) {
	p := &f.tally
	p.At = now
	p.Delivered = f.book.Delivered()
	p.Pending = f.out.pending()
	p.Planned = f.out.planned
	p.Busy = now - f.loop.idle
	if f.final != nil {
		p.Settled = f.book.Settled(f.ramp.started, f.totals(*f.final))
	}
	if f.config.Publishers > 0 {
		p.Sent, p.Void = append([]uint32(nil), f.out.sent...), f.out.void
	}
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &usage) == nil {
		p.User, p.System = usage.Utime.Nano(), usage.Stime.Nano()
	}
	f.series.held = p.Held
	b := f.series.at(now)
	b.Held = max(b.Held, p.Held)
}

func (f *Fleet) report(now int64) {
	f.refresh(now)
	f.notify(f.tally)
}

// fault counts one fault and keeps the text of the first.
func (f *Fleet) fault(kind *int64, text string) {
	*kind++
	if f.tally.Faults.First == "" {
		f.tally.Faults.First = text
	}
}
