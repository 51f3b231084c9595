// Proved by TestEldest.

package nodes

import (
	"sync"
	"time"
)

// Seniority tells whether a node is the eldest of those that it works with. What one node is to do for all, the eldest does: nothing
// has to be agreed, and a node that comes takes nothing from another one.
type Seniority struct {
	nodes *Nodes

	mu    sync.Mutex
	is    bool
	since time.Duration // it is
}

// Seniority is that of this node.
func (n *Nodes) Seniority() *Seniority { return &Seniority{nodes: n} }

// Eldest tells whether this node is the eldest, and has been for the time of a heartbeat: a node that stood still, and has lost all
// others by that, hears of them again before. A node that drains leaves it to others.
func (s *Seniority) Eldest() bool {
	now := s.nodes.o.Clock.Now()
	first, stood := s.nodes.first(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if stood || !s.is {
		s.since = now
	}
	s.is = first
	return s.is && now-s.since >= s.nodes.o.Timeout/beats
}

// first tells whether there is no node that is older, and whether this one stood still until now.
func (n *Nodes) first(now time.Duration) (first, stood bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	stood = now-n.table.last > n.o.Timeout
	if n.phase != here && n.phase != draining {
		return false, stood
	}
	for _, e := range n.table.entries {
		if e.State == Joined && !e.Draining && (n.phase == draining || e.Incarnation < uint64(n.self)) {
			return false, stood
		}
	}
	return true, stood
}
