package bayeux

import (
	"slices"

	"halley/bayeux/reply"
)

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

// acknowledge reads what a connect of that type acknowledges and tells whether events
// have to be sent again.
func (x *exchange) acknowledge(w wish, kind ConnectionType) (again bool) {
	s, r, q := x.s, x.session, &x.session.queue
	if w.acks && s.drops[x.slot] != nil && s.drops[x.slot].told != nil {
		s.settleDrops(x.slot, w.number >= int64(s.drops[x.slot].upto))
	}
	if !w.acks || q.count == 0 {
		return false
	}
	s.stats.Delivered += uint64(s.acknowledged(x.slot, r, uint32(min(max(w.number, 0), int64(r.ackNumber)))))
	s.readOn(x.slot, r)
	if q.sent == 0 || r.outlet.usesStream() && r.carriedByStream() && kind.keepsStream() {
		return false // it tells nothing of what is on its way on the stream
	}
	if r.delivery.carrier != x.req.To {
		x.fx.add(Effect{Kind: Abandon, To: r.delivery.carrier}, x.fx.begin())
	}
	s.Spend(int(q.sent))
	s.stats.Bounced += uint64(q.sent)
	s.nodes.bounced(q)
	s.returns(x.slot, r)
	r.eager = true
	s.conflateBounced(x.slot, r)
	return true
}

// carried is what a connect reply tells of events when it is acknowledged. Events are
// numbered in the order in which they were first sent. What came back goes again from
// the oldest on, if not always as many at once, so a reply and those before it since
// then bring all events up to one.
type carried struct {
	number uint32 // of the reply; 0 none
	upto   uint32 // the last event
	until  uint32 // the last number that tells so: then events came back; 0 none yet
}

// maxCarried is how many replies are remembered of a session, beside the last one. Of
// older ones, events may come twice.
const maxCarried = 15

// carries notes that a connect reply has events up to one, and forgets the replies of
// which nothing is left.
func (s *Server) carries(slot uint32, r *session, number, upto uint32) {
	oldest := s.nodes.at(r.queue.head).order
	if r.last.number != 0 && !precedes(r.last.upto, oldest) || len(s.carried[slot]) > 0 {
		kept := append(s.carried[slot], r.last)
		kept = slices.DeleteFunc(kept, func(c carried) bool { return precedes(c.upto, oldest) })
		s.carried[slot] = kept[max(0, len(kept)-maxCarried):]
	}
	r.last = carried{number: number, upto: upto}
}

// precedes tells whether the event a was sent before the event b for the first time.
func precedes(a, b uint32) bool { return int32(a-b) < 0 }

// tellsOf is the last event that a client has which acknowledges number, false if that
// tells of none.
func (s *Server) tellsOf(slot uint32, r *session, number uint32) (upto uint32, ok bool) {
	if r.last.tells(number) {
		return r.last.upto, true
	}
	earlier := s.carried[slot]
	for i := len(earlier) - 1; i >= 0; i-- {
		if earlier[i].tells(number) {
			return earlier[i].upto, true
		}
	}
	return 0, false
}

// tells tells whether the acknowledgement of number is one of the reply.
func (c carried) tells(number uint32) bool {
	return c.number != 0 && c.number <= number && (c.until == 0 || number <= c.until)
}

// acknowledged removes the events that a client has which got the connect reply of
// that number, and returns how many. It may be an old one: then they came back since.
func (s *Server) acknowledged(slot uint32, r *session, number uint32) (done uint32) {
	upto, ok := s.tellsOf(slot, r, number)
	if !ok {
		return 0
	}
	for q := &r.queue; q.count > 0; done++ {
		order := s.nodes.at(q.head).order
		if order == 0 || order != recalled && precedes(upto, order) {
			break
		}
		if q.sent > 0 {
			s.nodes.dropSent(q)
		} else {
			s.forgetKey(slot, q.head)
			s.nodes.dropOldest(q)
		}
	}
	s.Spend(int(done))
	if r.queue.count == 0 || s.nodes.at(r.queue.head).order == 0 {
		s.forgetCarried(slot, r)
	}
	return done
}

// forgetCarried forgets what replies have brought: all of it has arrived.
func (s *Server) forgetCarried(slot uint32, r *session) {
	r.last = carried{}
	if len(s.carried) > 0 {
		delete(s.carried, slot)
	}
}

// returns notes that events came back, which need not go again together.
func (s *Server) returns(slot uint32, r *session) {
	r.last.returned(r.ackNumber)
	for i := range s.carried[slot] {
		s.carried[slot][i].returned(r.ackNumber)
	}
}

func (c *carried) returned(number uint32) {
	if c.until == 0 {
		c.until = number
	}
}

// order gives an event that goes with a connect reply its place among all that were
// sent. One that came back has it, unless it is not behind the one that goes before.
func (r *session) order(has, before uint32) uint32 {
	if has != 0 && (before == 0 || precedes(before, has)) {
		return has
	}
	for r.ordered++; r.ordered == 0 || r.ordered == recalled; {
		r.ordered++
	}
	return r.ordered
}

// appendAck appends the number of a connect reply.
func (r *session) appendAck(e *reply.Ext) {
	if r.acknowledges {
		r.ackNumber++
		e.Ack(r.ackNumber)
	}
}
