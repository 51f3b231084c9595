// Proved by TestNodeGoneWithRequests, TestNodeGoneWithStreams and TestDrainOfAnotherNode.

package loop

import (
	"sync/atomic"
)

// NodeGone ends all that connections and sessions here have to do with a node that is gone, and calls done then, from any goroutine.
// Whoever waits here for a session of it is told that nobody knows that session. What connections there held of sessions here is
// held no more, and what was on its way to them comes back. Until then the cluster's link must not reach the node.
func (s *Server) NodeGone(node uint16, done func()) {
	homes := s.homes.Load()
	if homes == 0 {
		done()
		return
	}
	left := new(atomic.Int32)
	left.Store(homes)
	over := func() {
		if left.Add(-1) == 0 {
			done()
		}
	}
	for id := range homes {
		s.loops.do(uint16(id), (&lostNode{node: node, over: over}).step)
	}
}

// lostNode is what a loop does about a node that is gone, by parts: first its connections, then its sessions.
type lostNode struct {
	node    uint16
	over    func()
	slot    uint32 // where the next part begins
	session bool   // it is a slot of sessions
}

// step does a part, in a turn of its own.
func (l *lostNode) step(r *reactor) {
	more := true
	defer func() {
		if more {
			r.box.Do(func() { l.step(r) })
		} else {
			l.over()
		}
	}()
	defer r.recovered("end of a node")
	if l.session {
		from := l.slot
		l.slot++ // a panic over one goes on with the next
		l.slot, more = r.core.NodeGone(r.now(), l.node, from, turnEntries, &r.fx)
		r.perform()
		return
	}
	if !l.connections(r) {
		l.slot, l.session = 0, true
	}
}

// connections ends what some connections wait for, and tells whether there are more.
func (l *lostNode) connections(r *reactor) (more bool) {
	seen := 0
	r.conns.From(l.slot, func(slot uint32, c *conn) bool {
		if more = seen >= turnEntries || seen > 0 && r.core.Tired(); more {
			return false
		}
		seen++
		l.slot = slot + 1
		switch {
		case r.output.keepsOf(c, l.node):
			r.abort(c)
		case c.phase == streaming && c.held.Node == l.node, r.errands.of[slot].concerns(l.node):
			r.forsaken(c)
		}
		return true
	})
	return more
}
