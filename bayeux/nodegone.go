// Proved by TestNodeGone, TestNodeGoneByParts and TestYieldToANodeThatGoes.

package bayeux

// NodeGone notes that a node is gone, and with it the connections there: what they held is held no more, and what was on its way to
// them comes back. It looks at about most sessions from a slot on, and tells the slot to go on with, and whether there are more.
// Nothing may be sent to the node while that goes on.
func (s *Server) NodeGone(now int64, node uint16, from uint32, most int, fx *Effects) (next uint32, more bool) {
	if from == 0 {
		s.batches.nodeGone(now, node, fx)
	}
	next, done, more := s.sessions.part(from, most, func(slot uint32, r *session) int {
		s.at(slot, r).nodeGone(now, node)
		return 0
	})
	s.Spend(done)
	return next, more
}

// nodeGone takes back what a session has on a node.
func (v seat) nodeGone(now int64, node uint16) {
	r := v.session
	defer v.s.contain(v.s.sessions.address(v.slot))
	switch d := &r.delivery; {
	case !d.leaves():
	case d.carrier.Node == node:
		v.bounced(now, d.upto)
	case !r.queue.Blocked(): // by what way news of losses went is not known: they are told again, if this was theirs
		v.left(now, d.upto)
		v.s.queues.SettleLosses(&r.queue, false)
	}
	for _, to := range []ReplyTo{r.outlet.held, r.outlet.stream} {
		if to != (ReplyTo{}) && to.Node == node {
			v.gone(now, to)
		}
	}
}

// nodeGone forgets the batches of a node's connections that have made way for others: nobody will tell them to go on. What waits for
// news of this node goes on.
func (b *batches) nodeGone(now int64, node uint16, fx *Effects) {
	for ticket, p := range b.parked {
		if p.waits == Yield && p.req.To.Node == node {
			b.giveUp(now, ticket, fx)
		}
	}
}
