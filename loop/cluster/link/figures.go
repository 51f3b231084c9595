// Proved by TestOrderAndBatches, TestBadBatches and TestOutboxIsBounded.

package link

import "sync/atomic"

// Figures are what a link has counted.
type Figures struct {
	Sent      uint64 `metric:"cluster_messages_sent_total" help:"Messages to loops of other nodes: requests for their sessions, and what came of requests for sessions here."`
	Received  uint64 `metric:"cluster_messages_received_total" help:"Messages from loops of other nodes."`
	Batches   uint64 `metric:"cluster_batches_sent_total" help:"Messages of the cluster's bus that they were sent in."`
	Forwarded uint64 `metric:"cluster_requests_forwarded_total" help:"Requests that were passed on to the node of their session."`
	Refused   uint64 `metric:"cluster_requests_refused_total" help:"Requests that were not passed on, or not taken, since the node of their session was gone or too much waited for it: their clients have to shake hands anew."`
	Stale     uint64 `metric:"cluster_batches_stale_total" help:"Batches of a node that was gone, or sent to this node before it was."`
	Malformed uint64 `metric:"cluster_batches_malformed_total" help:"Batches that could not be read, or of another version."`
	Holes     uint64 `metric:"cluster_batches_missing_total" help:"Times that batches of a node were missing: the two nodes lost each other."`
	Waiting   int64  `metric:"cluster_link_waiting_bytes" help:"Bytes that wait to be sent to other nodes."`
}

// counts are what a link counts as it goes.
type counts struct {
	sent, received, batches, forwarded, refused, stale, malformed, holes atomic.Uint64
}

// Figures are those of the link now.
func (l *Link) Figures() Figures {
	f := Figures{
		Sent: l.counts.sent.Load(), Received: l.counts.received.Load(), Batches: l.counts.batches.Load(),
		Forwarded: l.counts.forwarded.Load(), Refused: l.counts.refused.Load(),
		Stale: l.counts.stale.Load(), Malformed: l.counts.malformed.Load(), Holes: l.counts.holes.Load(),
	}
	for _, t := range *l.targets.Load() {
		f.Waiting += int64(t.outbox.waiting())
	}
	return f
}
