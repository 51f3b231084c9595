package client

import "halley/bench/reconcile"

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

// note counts one fault of a kind, which is a field of f, and keeps the text of the first.
func (f *Faults) note(kind *int64, text string) {
	*kind++
	if f.First == "" {
		f.First = text
	}
}
