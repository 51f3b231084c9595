// Proved by bayeux/testdata/connect*.txt and bayeux/testdata/outlet-*.txt.

package bayeux

import (
	"halley/bayeux/event"
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// arrival is what a connect wants, once its session has taken note of it.
type arrival struct {
	kind    ConnectionType
	reply   connectReply // if it is answered without more ado
	timeout int64        // how long it may be held, in milliseconds (Bayeux 1.0, 3.6.2 SHOULD timeout-honoured)
	asked   bool         // the client named that time
	first   bool         // of its session
}

// connect handles /meta/connect (Bayeux 1.0, 4.2 MUST connect-answered). It is held
// (Bayeux 1.0, 1.4.6 MUST long-polls-held) if it stands alone in its request,
// the session was connected before, the client did not ask otherwise, and
// nothing is pending.
func (x *exchange) connect(m *message.Message) {
	if x.session == nil {
		x.fail(m, x.s.terms.Unknown(), x.s.cfg.shakeHands(m.ClientID)) // (Bayeux 1.0, 3.5 MUST client-id-demanded)
		return
	}
	wish, failure := x.readWish(m)
	if failure.Failed() {
		x.fail(m, failure, "")
		return
	}
	s, a := x.s, x.arrive(m, wish)
	switch {
	case x.inactive() || x.session.tables.has(inDoomed):
		x.dismiss(m, a.kind)
	case a.kind == EventSource:
		// Events come on its stream: the connect says that the client lives.
		x.answerConnect(m, connectReply{advice: heartbeat, interval: s.periods.hold})
	case x.mayStream(a.kind):
		x.openStream(m, a.kind, a.reply)
	case a.first || !x.alone || a.timeout == 0 || x.ready() || s.drain.on() && a.kind != WebSocket || a.kind.answers() && x.session.outlet.doubts():
		x.answerConnect(m, a.reply)
	case a.kind != WebSocket && !s.polls.take(x.session, x.req.Browser): // (Bayeux 1.0, 8.1 SHOULD multiple-clients)
		x.answerConnect(m, connectReply{advice: enough, interval: s.periods.multiInterval})
	default:
		if !a.asked {
			a.timeout -= s.noise.below(a.timeout / 10)
		}
		if a.timeout < soon {
			s.tickSoon = max(s.tickSoon, x.now+a.timeout+wheelTick)
		}
		x.hold(m, a.kind, a.reply.advice != asBefore, a.timeout)
	}
}

// soon is how long a poll may be held, in milliseconds, of which its client would
// notice if it were held a little longer.
const soon = 3000

// readWish reads a connect's wish before anything is done for it.
func (x *exchange) readWish(m *message.Message) (w wish, failure reply.Code) {
	valid := true
	if w.advice, valid = readAdvice(m, max(x.s.periods.hold, x.s.periods.interval)); !valid {
		return w, reply.AdviceInvalid
	}
	if ack := message.Get(m.Ext, "ack"); x.session.queue.Acknowledges() && !isAbsent(ack) {
		if w.number, w.acks = message.Integer(ack); !w.acks {
			return w, reply.AckInvalid
		}
	}
	return w, reply.Success
}

// arrive makes the connect the one that its session lives by: one is held at most, beside which one more
// request is enough (Bayeux 1.0, 1.4.1 MUST NOT two-requests).
func (x *exchange) arrive(m *message.Message, w wish) (a arrival) {
	s, r := x.s, x.session
	r.connects++
	x.connects = r.connects
	if a.first = r.outlet.connect(); !a.first || w.advice.interval > 0 { // or it says that it stays away
		s.storms.goOn(r)
	}
	a.kind = x.connectionType(m)
	advice := w.advice
	waits := x.alone && advice.timeout != 0
	x.hear(m, a.kind, waits && (r.advised == EventSource || r.delivery.unseen() && r.delivery.byStream))
	again := x.acknowledge(w, a.kind)
	x.readOn()
	x.takeOver(a.kind)
	// A poll that waits and has its client count as not hearing the stream is the second one, and tells that.
	r.delivery.connected(x.req, a.kind, r.outlet.usesStream() || !waits && r.outlet.state.in(byEventSource))
	if sync, ok := reply.ReadTimesync(x.now, m.Ext); ok {
		s.composer.syncs[x.slot] = sync
	}
	interval := max(advice.interval, s.periods.interval, s.cfg.pace(a.kind))
	told, hold := int32(interval), int32(s.periods.hold)
	if a.reply.interval = interval; advice.present || r.advise == eachReply || r.advised != a.kind || r.told != told || r.hold != hold {
		a.reply.advise(interval)
	}
	a.timeout = int64(min(r.hold, hold)) // by what its client was told before it gives the reply up
	r.advised, r.told = a.kind, told
	if again && advice.timeout < 0 {
		advice.timeout = 0
		a.reply.advise(interval)
	}
	if a.asked = advice.timeout >= 0; a.asked {
		a.timeout = min(a.timeout, advice.timeout)
	}
	return a
}

// hear takes note of what a connect tells of whether its client reads its event-stream. A poll that the client sent before its last
// connect of type eventsource tells nothing: the client gave the poll up, and a node that stood still or a proxy brings it afterwards.
func (x *exchange) hear(m *message.Message, kind ConnectionType, late bool) {
	r, n := x.session, serialOf(m.ID)
	if kind == EventSource {
		r.spoke = max(r.spoke, n)
	}
	if !n.before(r.spoke) {
		r.outlet.hearing.hear(kind, late)
	}
}

// mayStream tells whether the connect becomes a stream: it must stand alone, and
// acknowledgements need replies.
func (x *exchange) mayStream(kind ConnectionType) bool {
	return kind.streams() && x.alone && x.req.Type.polls() && !x.session.queue.Acknowledges() && !x.s.drain.on()
}

// ready tells whether there is something that a reply can carry: events, or the news
// that some were dropped.
func (x *exchange) ready() bool {
	r := x.session
	return !r.outlet.usesStream() && r.flushable() || x.s.queues.HasLosses(&r.queue)
}

// connectionType is the type that a connect names, or else that of its request,
// which wins where it can have one type only.
func (x *exchange) connectionType(m *message.Message) ConnectionType {
	t, ok := parseConnectionType(m.ConnectionType)
	if !ok || (t == WebSocket) != (x.req.Type == WebSocket) {
		return x.req.Type
	}
	return t
}

// answerConnect puts the reply to a connect that is not held among the replies
// of its request.
func (x *exchange) answerConnect(m *message.Message, answer connectReply) {
	// The connect of an event-stream's client tells nothing of what the stream brought.
	x.carriesEvents = answer.advice != heartbeat || !x.session.delivery.unseen()
	answer.losses = x.s.queues.HasLosses(&x.session.queue)
	if x.s.drain.on() && x.req.Type != WebSocket {
		answer.advise(x.homing(answer))
	}
	x.losses = x.losses || answer.losses
	x.open()
	x.replies = x.s.composer.connectReply(x.replies, x.now, x.slot, validID(m), answer)
	x.batch = x.session.queue.Reply()
}

// dismiss answers the connect with the end of its session, and before it a poll that is
// held beside the connect of an event-stream's client.
func (x *exchange) dismiss(m *message.Message, kind ConnectionType) {
	cause := Inactive
	if x.session.tables.has(inDoomed) {
		cause = GivenUp
	}
	x.ends(cause, x.req.To)
	if x.session.outlet.holds() {
		x.answerHeld(x.now, connectReply{last: reply.AdviceNone}, x.fx)
	}
	if x.alone && kind != EventSource { // whose client may not have seen yet what its stream brought
		x.hold(m, kind, false, 0)
	} else {
		if !x.s.terms.Salesforce {
			x.open()
			x.replies = append(x.replies, reply.Disconnected...)
		}
		x.answerConnect(m, connectReply{last: reply.AdviceNone, ended: true})
	}
	x.end(x.now, x.fx)
}

// homing is the interval that a client is told whose poll is answered during a drain: it
// has time until the next server is up, unless events wait here that do not fit into the
// reply. That is known only when the reply is made, so in doubt the client comes at once.
func (x *exchange) homing(answer connectReply) int64 {
	s, q := x.s, &x.session.queue
	if q.Pending() > 0 && (q.Blocked() || !x.alone) {
		return 0
	}
	room := s.cfg.ReplyBytes - answer.bytes(s.queues.LossBytes(q))
	s.queues.Each(q, func(e event.Event) bool {
		room -= len(e) + 1
		return room >= 0
	})
	if room < 0 {
		return 0
	}
	return s.noise.below(s.drain.window)
}
