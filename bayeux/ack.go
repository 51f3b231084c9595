package bayeux

import "strconv"

// The acknowledge extension, as CometD has it. A session that asked for it at its
// handshake gets events with connect replies only. Each of these has a number,
// which the client returns with its next connect; until then the events stay in
// the queue, in flight, and come again if the client has not seen them.

// blocked tells whether pending events must wait for the fate of those in flight.
func (r *session) blocked() bool { return r.queue.sent > 0 && !r.acknowledges }

// flushable tells whether there are events that may go out now.
func (r *session) flushable() bool {
	return r.eager && r.queue.pending() > 0 && !r.blocked()
}

// acknowledge reads what a connect acknowledges and tells whether events have to
// be sent again.
func (x *exchange) acknowledge(w wish) (again bool) {
	s, r, number := x.s, x.session, w.number
	if w.acks && s.drops[x.slot] != nil && s.drops[x.slot].told != nil {
		s.settleDrops(x.slot, number >= int64(s.drops[x.slot].upto))
	}
	if !w.acks || r.queue.count == 0 {
		return false
	}
	sent := r.queue.sent
	done, left := s.acknowledged(x.slot, &r.queue, uint32(min(max(number, 0), int64(r.ackNumber))))
	s.stats.Delivered += uint64(done)
	s.readOn(x.slot, r)
	if left == 0 {
		return false
	}
	if sent > 0 && r.carrier != x.req.To {
		x.fx.add(Effect{Kind: Abandon, To: r.carrier}, x.fx.begin())
	}
	s.stats.Bounced += uint64(min(left, sent))
	r.eager = true
	s.conflateBounced(x.slot, r)
	return true
}

// acknowledged makes what is in flight pending again and removes the events that
// first went with the connect reply of that number, or one before it. It returns how
// many those are, and how many went later.
func (s *Server) acknowledged(slot uint32, q *queue, number uint32) (done, left uint32) {
	s.nodes.bounced(q)
	i := q.head
	for n := q.count; n > 0; n-- {
		next := s.nodes.slab[i].next
		batch := s.nodes.slab[i].batch
		switch {
		case batch != 0 && batch <= number:
			s.forgetKey(slot, i)
			s.nodes.remove(q, i)
			done++
		case batch != 0:
			left++
		}
		i = next
	}
	return done, left
}

// appendAck appends the number of a connect reply.
func (r *session) appendAck(e *ext) {
	if r.acknowledges {
		r.ackNumber++
		e.add("ack")
		e.dst = strconv.AppendUint(e.dst, uint64(r.ackNumber), 10)
	}
}
