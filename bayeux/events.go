// Proved by bayeux/testdata/stream-events*.txt and bayeux/testdata/remember.txt.

package bayeux

import (
	"bytes"

	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// eventStream is a request for an event-stream without Bayeux.
type eventStream struct {
	*exchange
	patterns []byte // a JSON array or string
	from     Cursor
	greeted  bool // its session may be there: it is one that nobody has shaken hands for
}

// begin makes a session for the event-stream, and opens that as soon as it may have its patterns.
func (x eventStream) begin() {
	if failure := x.s.cfg.noSession(x.s.sessions.Len()); failure.Failed() {
		x.fx.refuse(x.req.To, 503, failure)
		return
	}
	s := x.s
	x.session, x.slot, _ = s.sessions.Take()
	r, decided := x.session, false
	x.owner = s.sessions.address(x.slot)
	defer func() {
		if !decided { // the authority has panicked
			x.remove(x.fx)
		}
	}()
	r.outlet.reserve()
	r.created, r.advised = x.now, EventSource
	s.queues.Open(&r.queue, x.slot, false)
	s.cfg.Random(r.secret[:])
	x.admit()
	decided = true
}

// admit finds out whether the event-stream may have its patterns and what it
// wants of the past.
func (x eventStream) admit() {
	asked, failure := x.s.reader.read(&message.Message{Subscription: x.patterns})
	if !failure.Failed() {
		asked.cursors, failure = x.from.read()
	}
	var verdict Verdict
	if !failure.Failed() && !x.greeted {
		failure, verdict = x.greet()
		x.greeted = verdict.Ruling == Allow
	}
	if !failure.Failed() && x.greeted {
		failure, verdict = x.admitSubscription(&asked, nil)
	}
	if verdict.Ruling == Wait {
		x.wait()
		return
	}
	if failure.Failed() {
		x.refuse(refusalStatus(failure), failure)
		return
	}
	if wanted := asked.wanted(x.s); wanted != nil {
		for i := range wanted {
			wanted[i].Lenient = x.from.Automatic
		}
		if !x.s.batches.full() {
			x.join(wanted)
		}
		x.wait()
		return
	}
	x.start()
}

// greet finds out whether the event-stream may have a session: the authority is asked as about a handshake, or whoever has no
// right to shake hands would come this way.
func (x eventStream) greet() (failure reply.Code, verdict Verdict) {
	switch verdict = x.decide(Question{Operation: OpHandshake}); verdict.Ruling {
	case Allow:
		x.s.grants.give(x.slot, x.now, verdict)
	case Deny:
		failure = verdict.code(reply.HandshakeDenied)
	}
	return failure, verdict
}

// wait lets the event-stream wait for what x.waits asks for. It waits as long
// as a client may stay away.
func (x eventStream) wait() {
	s, from := x.s, x.from
	from.After = bytes.Clone(from.After)
	if s.batches.full() {
		x.refuse(503, reply.QuestionsFull)
		return
	}
	if q := x.waits.Question; q != nil {
		*q = q.clone()
	}
	ticket := s.batches.add(&parked{req: x.req, owner: x.owner, wanted: x.waits.Wanted, events: bytes.Clone(x.patterns), from: from, greeted: x.greeted})
	x.await(x.now)
	x.waits.To, x.waits.Ticket = x.req.To, ticket
	x.fx.add(x.waits, x.fx.begin())
}

// goOn goes on with the event-stream that was parked, now that the verdict or
// the past is known.
func (x eventStream) goOn() {
	x.session = x.s.sessions.find(x.owner)
	switch {
	case x.session == nil:
		x.fx.refuse(x.req.To, 503, reply.SessionUnknown)
	case x.got.refused.Failed():
		x.refuse(400, x.got.refused)
	case x.got.done:
		x.start()
	default:
		x.admit()
	}
}

// start subscribes to the patterns and opens the stream.
func (x eventStream) start() {
	s := x.s
	roll{x.seat}.begun()
	list, _ := s.reader.patternsOf(x.patterns)
	for _, pattern := range list {
		x.subscribeTo(pattern)
	}
	s.replays.catchUp(x.seat).remember(x.got.past)
	x.attach(x.req.To, EventSource)
	x.await(x.now)
	x.stream(x.fx.begin(), EventSource)
}

// refuse refuses the stream and ends the session that was made for it.
func (x eventStream) refuse(status uint16, reason reply.Code) {
	x.remove(x.fx)
	x.fx.refuse(x.req.To, status, reason)
}

// refusalStatus is the HTTP status for a failed subscription.
func refusalStatus(failure reply.Code) uint16 {
	switch failure {
	case reply.SubscriptionMissing, reply.SubscriptionInvalid, reply.ReplayInvalid:
		return 400
	case reply.Congested, reply.WildcardsFull:
		return 503
	}
	return 403
}
