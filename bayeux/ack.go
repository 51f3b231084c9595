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
	sent, upto := r.queue.sent, uint32(min(max(number, 0), int64(r.ackNumber)))
	if sent == 0 && upto <= r.acked {
		return false // it says nothing new
	}
	r.acked = upto
	done, left := s.acknowledged(x.slot, r, upto)
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

// acknowledged makes what is in flight pending again and removes the events that a
// client has which got the connect reply of that number, and all before it. It returns
// how many those are, and how many that were in flight are left.
//
// An event keeps the number of the reply that it first went with, for that may arrive
// late. Those that came back and did not go again since count only for numbers that
// were given before they did.
func (s *Server) acknowledged(slot uint32, r *session, number uint32) (done, left uint32) {
	q := &r.queue
	sent := q.sent
	s.spend(int(q.count))
	s.nodes.bounced(q)
	i := q.head
	for n, k := q.count, uint32(0); k < n; k++ {
		next, batch := s.nodes.at(i).next, s.nodes.at(i).batch
		switch inFlight := k < sent; {
		case batch != 0 && batch <= number && (inFlight || number <= r.returned):
			s.forgetKey(slot, i)
			s.nodes.remove(q, i)
			done++
		case inFlight:
			left++
		case left > 0 || number > r.returned:
			s.nodes.at(i).batch = 0
		}
		i = next
	}
	if left > 0 {
		r.returned = r.ackNumber
	}
	return done, left
}

// returns notes that the first sent of the pending events came back, with what has
// been said of acknowledged.
func (s *Server) returns(r *session, sent uint32) {
	s.spend(int(r.queue.pending()))
	r.returned = r.ackNumber
	i := r.queue.first
	for k := range r.queue.pending() {
		if k >= sent {
			s.nodes.at(i).batch = 0
		}
		i = s.nodes.at(i).next
	}
}

// appendAck appends the number of a connect reply.
func (r *session) appendAck(e *ext) {
	if r.acknowledges {
		r.ackNumber++
		e.add("ack")
		e.dst = strconv.AppendUint(e.dst, uint64(r.ackNumber), 10)
	}
}
