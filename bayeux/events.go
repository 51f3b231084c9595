// Proved by bayeux/testdata/stream-events*.txt and bayeux/testdata/remember.txt.

package bayeux

import (
	"bytes"

	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// OpenEvents makes a request an event-stream for a client that speaks no Bayeux:
// a session is made for it that subscribes to patterns, a JSON array or string,
// and ends with it. A verdict or what is remembered may have to come before.
func (s *Server) OpenEvents(now int64, req Request, patterns []byte, from Cursor, fx *Effects) {
	if failure := s.noSession(); failure.Failed() {
		fx.refuse(req.To, 503, failure)
		return
	}
	x := &s.exchange
	*x = exchange{seat: s.at(noSlot, nil), fx: fx, req: req, now: now, replies: x.replies[:0]}
	x.session, x.slot, _ = s.sessions.Take()
	r, decided := x.session, false
	x.owner = s.sessions.address(x.slot)
	defer func() {
		if !decided { // the authority has panicked
			x.remove(fx)
		}
	}()
	r.outlet.reserve()
	r.created, r.advised = now, EventSource
	s.queues.Open(&r.queue, x.slot, false)
	s.cfg.Random(r.secret[:])
	x.admitEvents(patterns, from)
	decided = true
}

// admitEvents finds out whether the event-stream may have its patterns and what it
// wants of the past.
func (x *exchange) admitEvents(patterns []byte, from Cursor) {
	asked, failure := x.s.reader.read(&message.Message{Subscription: patterns})
	if !failure.Failed() {
		asked.cursors, failure = from.read()
	}
	if !failure.Failed() {
		var verdict Verdict
		if failure, verdict = x.admitSubscription(&asked, nil); verdict.Ruling == Wait {
			x.parkEvents(patterns, from)
			return
		}
	}
	if failure.Failed() {
		x.refuseEvents(refusalStatus(failure), failure)
		return
	}
	if wanted := asked.wanted(x.s.rules); wanted != nil {
		for i := range wanted {
			wanted[i].Lenient = from.Automatic
		}
		if len(x.s.parked) < x.s.cfg.MaxAsks {
			x.join(wanted)
		}
		x.parkEvents(patterns, from)
		return
	}
	x.openEvents(patterns)
}

// parkEvents lets the event-stream wait for what x.waits asks for. It waits as long
// as a client may stay away.
func (x *exchange) parkEvents(patterns []byte, from Cursor) {
	from.After = bytes.Clone(from.After)
	s := x.s
	if len(s.parked) >= s.cfg.MaxAsks {
		x.refuseEvents(503, reply.QuestionsFull)
		return
	}
	if q := x.waits.Question; q != nil {
		*q = q.clone()
	}
	s.ticket++
	s.parked[s.ticket] = &parked{req: x.req, owner: x.owner, wanted: x.waits.Wanted, events: bytes.Clone(patterns), from: from}
	x.await(x.now)
	x.waits.To, x.waits.Ticket = x.req.To, s.ticket
	x.fx.add(x.waits, x.fx.begin())
}

// resumeEvents goes on with the event-stream that was parked, now that the verdict or
// the past is known.
func (x *exchange) resumeEvents(p *parked) {
	x.session = x.s.sessions.find(x.owner)
	switch {
	case x.session == nil:
		x.fx.refuse(x.req.To, 503, reply.SessionUnknown)
	case x.got.refused.Failed():
		x.refuseEvents(400, x.got.refused)
	case x.got.done:
		x.openEvents(p.events)
	default:
		x.admitEvents(p.events, p.from)
	}
}

// openEvents subscribes to patterns and opens the stream.
func (x *exchange) openEvents(patterns []byte) {
	s := x.s
	list, _ := s.reader.patternsOf(patterns)
	for _, pattern := range list {
		x.subscribeTo(pattern)
	}
	x.remember(x.got.past)
	x.attach(x.req.To, EventSource)
	x.await(x.now)
	x.stream(x.fx.begin(), EventSource)
}

// refuseEvents refuses the stream and ends the session that was made for it.
func (x *exchange) refuseEvents(status uint16, reason reply.Code) {
	x.remove(x.fx)
	x.fx.refuse(x.req.To, status, reason)
}

// refusalStatus is the HTTP status for a failed subscription.
func refusalStatus(failure reply.Code) uint16 {
	switch failure {
	case reply.SubscriptionMissing, reply.SubscriptionInvalid, reply.ReplayInvalid:
		return 400
	case reply.Congested:
		return 503
	}
	return 403
}
