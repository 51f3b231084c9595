// Proved by TestSettle.

package nodes

import "context"

// Settle waits, while Run runs, until this node works with the others: each has had the time to be heard twice, and those that were
// heard of have agreed. Who takes clients before that has to send those away whose sessions live elsewhere. It waits no longer than
// for a node that may be gone, or until ctx is done.
func (n *Nodes) Settle(ctx context.Context) {
	beat, began := n.o.Timeout/beats, n.o.Clock.Now()
	for n.o.Clock.Wait(ctx, beat/4) == nil {
		if waited := n.o.Clock.Now() - began; waited >= n.o.Timeout || waited > 2*beat && n.agrees() {
			return
		}
	}
}

// agrees tells whether there is none among the nodes that are heard of with which this one may work, and does not yet.
func (n *Nodes) agrees() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.o.Clock.Now()
	for _, e := range n.table.entries {
		if (e.State == Apart || e.State == Closing) && now-e.Heard < n.o.Timeout {
			return false
		}
	}
	return true
}
