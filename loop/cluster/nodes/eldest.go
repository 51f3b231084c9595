// Proved by TestEldest and TestEldestUnasked.

package nodes

import "time"

// seniority is what a node knows of itself among those that it works with.
type seniority struct {
	eldest bool
	since  time.Duration // it is
}

// Eldest tells whether this node is the eldest of those that it works with, and has been for the time of a heartbeat: a node that stood
// still, and has lost all others by that, hears of them again before. What one node is to do for all, the eldest does: nothing has to be
// agreed, and a node that comes takes nothing from another one. A node that drains leaves it to others.
func (n *Nodes) Eldest() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.o.Clock.Now()
	n.look(now)
	return n.senior.eldest && now-n.senior.since >= n.o.Timeout/beats
}

// look notes since when this node is the eldest, whether or not somebody asks. Its caller holds the lock.
func (n *Nodes) look(now time.Duration) {
	if !n.senior.eldest || now-n.table.last > n.o.Timeout {
		n.senior.since = now
	}
	n.senior.since = max(n.senior.since, n.table.stood)
	n.senior.eldest = n.first()
}

// first tells whether there is no node that is older. Its caller holds the lock.
func (n *Nodes) first() bool {
	if n.phase != here && n.phase != draining {
		return false
	}
	for _, e := range n.table.entries {
		if e.State == Joined && !e.Draining && (n.phase == draining || e.Incarnation < uint64(n.self)) {
			return false
		}
	}
	return true
}
