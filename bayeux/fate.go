// Proved by bayeux/testdata/outlet-*.txt, bayeux/testdata/node-gone.txt and TestNothingLostNorDoubled.

package bayeux

// left notes that the last numbered reply is on its way no more. Only now can its
// client come back.
func (v seat) left(now int64, upto uint32) {
	r := v.session
	if r.delivery.left(upto) && !(r.outlet.streams() && r.delivery.byStream) {
		v.await(now)
	}
}

// written reports that the reply with events up to number upto was written.
func (v seat) written(now int64, upto uint32) {
	s, r := v.s, v.session
	v.left(now, upto)
	if done := s.queues.Written(&r.queue, upto, r.carriedByStream()); done > 0 {
		s.stats.Delivered += uint64(done)
		r.delivery.group.fit(r.queue.Pending() > 0)
		v.readOn()
		v.mark()
	}
	if s.queues.HasLosses(&r.queue) { // which had to wait for the fate of what was in flight
		v.tell()
	}
}

// bounced reports that the reply with events up to number upto was not written:
// they go back to the front of the queue, and what it told of losses is told again.
func (v seat) bounced(now int64, upto uint32) {
	s, r := v.s, v.session
	v.left(now, upto)
	if back := s.queues.Bounced(&r.queue, upto); back > 0 {
		s.stats.Bounced += uint64(back)
		r.delivery.bounced()
		r.eager = true
		v.readOn()
		v.mark()
	}
}

// gone reports that the connection of a held connect or a stream closed. The
// session waits for its client to come back, unless it was made for that stream.
func (v seat) gone(now int64, to ReplyTo) {
	s, r := v.s, v.session
	poll, stream := r.outlet.goesWith(to)
	if poll {
		v.unhold()
		s.polls.giveUp(r)
	}
	if stream {
		r.outlet.close()
		if r.outlet.nameless() {
			v.doom()
		}
	}
	if poll || stream {
		v.await(now)
	}
}

// late reports that the group on a session's stream, which has just left, took so many
// milliseconds to do so. All that time what was in it could not be conflated, and a
// reply would have stood behind it: the next groups are smaller, until one leaves in
// time that others wait behind.
func (v seat) late(took int64) { v.session.delivery.group.took(took) }

// nodeGone takes back what a session has on a node.
func (v seat) nodeGone(now int64, node uint16) {
	r := v.session
	defer v.s.contain(v.s.sessions.address(v.slot))
	switch d := &r.delivery; {
	case !d.leaves():
	case d.carrier.Node == node:
		v.bounced(now, d.upto)
	case d.node == node: // with news of losses alone
		v.left(now, d.upto)
		v.s.queues.SettleLosses(&r.queue, false)
	}
	for _, to := range []ReplyTo{r.outlet.held, r.outlet.stream} {
		if to != (ReplyTo{}) && to.Node == node {
			v.gone(now, to)
		}
	}
}
