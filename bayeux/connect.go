package bayeux

import (
	"halley/bayeux/event"
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// connectReply is what a reply to /meta/connect says beyond its events.
type connectReply struct {
	full      bool   // full advice
	interval  int64  // in the full advice
	multiple  bool   // this browser holds enough polls already
	heartbeat bool   // events come on a stream: no connect is held
	advice    string // raw advice in place of the full one
	ended     bool   // preceded by a delivered /meta/disconnect
	failure   reply.Code
	left      bool // its client has gone on elsewhere, where the events go
	losses    bool // it tells of dropped events
}

// advisedReply is the usual reply to the held connect of r.
func advisedReply(r *session) connectReply {
	return connectReply{full: r.advise, interval: r.told}
}

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
		x.fail(m, x.s.terms.Unknown(), reply.AdviceHandshake) // (Bayeux 1.0, 3.5 MUST client-id-demanded)
		return
	}
	wish, failure := x.readWish(m)
	if failure.Failed() {
		x.fail(m, failure, "")
		return
	}
	s, a := x.s, x.arrive(m, wish)
	switch {
	case x.inactive():
		x.dismiss(m, a.kind)
	case a.kind == EventSource:
		// Events come on its stream: the connect says that the client lives.
		x.answerConnect(m, connectReply{full: true, interval: s.periods.hold, heartbeat: true})
	case x.mayStream(a.kind):
		x.openStream(m, a.kind, a.reply)
	case a.first || !x.alone || a.timeout == 0 || x.ready() || s.drain > 0 && a.kind != WebSocket || a.kind.answers() && x.session.outlet.doubts():
		x.answerConnect(m, a.reply)
	case a.kind != WebSocket && !s.admit(x.session, x.req.Browser): // (Bayeux 1.0, 8.1 SHOULD multiple-clients)
		x.answerConnect(m, connectReply{full: true, interval: s.periods.multiInterval, multiple: true})
	default:
		if !a.asked {
			a.timeout -= s.spread(a.timeout / 10)
		}
		if a.timeout < soon {
			s.tickSoon = max(s.tickSoon, x.now+a.timeout+wheelTick)
		}
		x.hold(m, a.kind, a.reply.full, a.timeout)
	}
}

// soon is how long a poll may be held, in milliseconds, of which its client would
// notice if it were held a little longer.
const soon = 3000

// wish is what a connect says of how it is to be answered.
type wish struct {
	advice clientAdvice
	number int64 // of the connect reply that it acknowledges
	acks   bool  // it names one
}

// readWish reads a connect's wish before anything is done for it.
func (x *exchange) readWish(m *message.Message) (w wish, failure reply.Code) {
	valid := true
	if w.advice, valid = x.s.readAdvice(m); !valid {
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
	r.turn++
	x.turn = r.turn
	if a.first = r.outlet.connect(); !a.first || w.advice.interval > 0 { // or it says that it stays away
		s.storms.goOn(r)
	}
	a.kind = x.connectionType(m)
	advice := w.advice
	waits := x.alone && advice.timeout != 0
	r.outlet.hear(a.kind, waits && (r.advised == EventSource || r.delivery.unseen() && r.delivery.byStream))
	again := x.acknowledge(w, a.kind)
	x.takeOver(a.kind)
	r.delivery.connected(x.req, a.kind, r.outlet.usesStream())
	if sync, ok := reply.ReadTimesync(x.now, m.Ext); ok {
		s.syncs[x.slot] = sync
	}
	interval := max(advice.interval, s.periods.interval)
	a.reply = connectReply{full: advice.present || r.advised != a.kind || r.told != interval, interval: interval}
	r.advised, r.told = a.kind, interval
	if again && advice.timeout < 0 {
		advice.timeout, a.reply.full = 0, true
	}
	a.timeout, a.asked = s.periods.hold, advice.timeout >= 0
	if a.asked {
		a.timeout = min(a.timeout, advice.timeout)
	}
	return a
}

// mayStream tells whether the connect becomes a stream: it must stand alone, and
// acknowledgements need replies.
func (x *exchange) mayStream(kind ConnectionType) bool {
	return kind.streams() && x.alone && x.req.Type.polls() && !x.session.queue.Acknowledges() && x.s.drain == 0
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

// admit counts a poll that is about to be held for its browser, unless that has
// enough of them. From one poll of a session to the next it keeps its place, so
// that the count, which all loops share, is touched only where something changes.
func (s *Server) admit(r *session, browser uint64) bool {
	if browser == 0 {
		browser = r.named
	}
	if browser == 0 || s.cfg.PollsPerBrowser <= 0 || s.cfg.Browsers == nil || r.browser == browser {
		return true
	}
	s.giveUpPlace(r)
	if s.cfg.Browsers.Hold(browser) <= s.cfg.PollsPerBrowser {
		r.browser = browser
		return true
	}
	s.cfg.Browsers.Release(browser)
	return false
}

// giveUpPlace takes the session's poll off its browser's count.
func (s *Server) giveUpPlace(r *session) {
	if r.browser != 0 {
		s.cfg.Browsers.Release(r.browser)
		r.browser = 0
	}
}

// hold keeps the connect until events, its time-out or its end.
func (x *exchange) hold(m *message.Message, kind ConnectionType, advise bool, timeout int64) {
	s, r := x.s, x.session
	r.outlet.hold(x.req.To, kind)
	r.advise = advise
	r.heldID = s.keepID(x.slot, m.ID)
	s.stats.Held++
	s.wheel.Set(x.slot, x.now+timeout)
	x.held = true
	x.fx.add(Effect{Kind: Hold, To: x.req.To, Session: s.address(x.slot, r)}, x.fx.begin())
}

// displace answers the held connect, without events, in favour of this one: its
// client may still think that it is the one. Should two take turns with polls, each
// waits a while before its next. Two on the same websocket are their client's affair.
func (x *exchange) displace() {
	s, r := x.s, x.session
	if r.outlet.held == x.req.To {
		s.unhold(x.slot, r)
		return
	}
	answer := advisedReply(r)
	answer.left = true
	if r.outlet.polls() {
		answer.full, answer.interval = true, max(r.told, s.periods.multiInterval)
	}
	s.resume(x.now, x.slot, r, answer, x.fx)
}

// takeOver makes this connect's connection the one that its session uses: what
// the session had elsewhere ends, and what was stuck there comes back.
func (x *exchange) takeOver(kind ConnectionType) {
	s, r := x.s, x.session
	if r.outlet.displaces(kind) {
		s.stats.Displaced++
		x.displace()
	}
	if r.outlet.streams() && !r.outlet.outlives(kind, x.req.To) {
		s.detach(x.slot, r, x.fx)
	}
	if !(r.outlet.usesStream() && r.carriedByStream()) {
		s.abandon(r, x.req.To, x.fx)
	}
	if kind == WebSocket && !r.outlet.streams() && !r.queue.Acknowledges() {
		s.attach(x.slot, r, x.req.To, WebSocket)
		x.fx.add(Effect{Kind: Stream, To: x.req.To, Session: s.address(x.slot, r), Type: WebSocket}, x.fx.begin())
	}
}

// unhold forgets the held connect without an answer.
func (s *Server) unhold(slot uint32, r *session) {
	if r.heldID.n == longID {
		delete(s.longIDs, slot)
	}
	r.outlet.answer()
	r.heldID, r.advise = shortID{}, false
	s.stats.Held--
}

// resume answers the held connect: pending events first, the reply last.
func (s *Server) resume(now int64, slot uint32, r *session, answer connectReply, fx *Effects) {
	start := fx.begin()
	effect := Effect{Kind: Reply, To: r.outlet.held, Session: s.address(slot, r)}
	answer.losses = !answer.left && s.queues.HasLosses(&r.queue)
	if !answer.left && !r.queue.Blocked() && !r.outlet.usesStream() {
		s.appendPending(r, &effect, fx, start, s.cfg.ReplyBytes-s.connectReplyBytes(r, answer), r.queue.Reply()+1)
	}
	if !answer.left && !answer.ended && !answer.failure.Failed() && r.outlet.polls() && s.owes(now, slot, r, &effect) {
		answer.full, answer.interval = true, 0
	}
	if answer.ended && !s.terms.Salesforce {
		fx.comma(start)
		fx.arena = append(fx.arena, reply.Disconnected...)
	}
	fx.comma(start)
	fx.arena = s.appendConnectReply(fx.arena, now, slot, s.heldID(slot, r), answer)
	if answer.losses {
		s.trackLosses(slot, r, &effect)
	}
	r.delivery.send(&effect)
	fx.add(effect, start)
	s.unhold(slot, r)
	s.await(now, slot, r)
}

// connectReplyBytes is about how long the reply to a connect is, without events.
func (s *Server) connectReplyBytes(r *session, answer connectReply) int {
	n := 512
	if answer.losses {
		n += s.queues.LossBytes(&r.queue)
	}
	return n
}

// appendPending appends pending events to the effect that started at start, as
// appendEvents does; they are in flight from now on.
func (s *Server) appendPending(r *session, effect *Effect, fx *Effects, start, bytes int, batch uint32) {
	s.appendEvents(r, effect, fx, start, bytes, batch)
	r.delivery.reply(effect.Numbered)
}

// appendEvents appends as many pending events as the effect that started at start has
// room for in so many bytes, but one at least: what is longer than a reply may be goes
// alone. The rest goes with the next.
func (s *Server) appendEvents(r *session, effect *Effect, fx *Effects, start, bytes int, batch uint32) {
	first := true
	s.queues.Take(&r.queue, batch, func(e event.Event) bool {
		if !first && len(fx.arena)-start+len(e) >= bytes {
			return false
		}
		first = false
		fx.comma(start)
		fx.arena = append(fx.arena, e...)
		fx.endMessage()
		return true
	})
	if first {
		return
	}
	r.eager = r.eager && r.queue.Pending() > 0
	r.delivery.carry(effect.To)
	effect.Numbered, effect.Upto = true, r.queue.Upto()
}

// answerConnect puts the reply to a connect that is not held among the replies
// of its request.
func (x *exchange) answerConnect(m *message.Message, answer connectReply) {
	// The connect of an event-stream's client tells nothing of what the stream brought.
	x.carriesEvents = !answer.heartbeat || !x.session.delivery.unseen()
	answer.losses = x.s.queues.HasLosses(&x.session.queue)
	if x.s.drain > 0 && x.req.Type != WebSocket {
		answer.full, answer.interval = true, x.homing(answer)
	}
	x.tells = x.tells || answer.losses
	x.open()
	x.replies = x.s.appendConnectReply(x.replies, x.now, x.slot, validID(m), answer)
	x.batch = x.session.queue.Reply()
}

func (s *Server) appendConnectReply(dst []byte, now int64, slot uint32, id []byte, answer connectReply) []byte {
	failure := answer.failure
	if answer.ended && s.terms.Salesforce {
		failure = reply.Unauthenticated // what ends a session there
	}
	dst = s.terms.Append(dst, now, []byte(metaConnect), id, failure)
	r := s.sessions.At(slot)
	dst = s.appendClient(dst, slot, r)
	switch {
	case answer.advice != "":
		dst = reply.AppendAdvice(dst, answer.advice)
	case answer.heartbeat:
		dst = s.terms.AppendHeartbeat(dst)
	case answer.full:
		dst = s.terms.AppendRetry(dst, answer.interval, answer.multiple)
	}
	if answer.heartbeat || answer.full {
		r.told = answer.interval
	}
	e := reply.Ext{Dst: dst}
	if answer.losses {
		e.Dropped(s.queues.TellLosses(&r.queue))
	}
	if r.queue.Acknowledges() {
		e.Ack(r.queue.NextReply())
	}
	if sync, ok := s.syncs[slot]; ok {
		delete(s.syncs, slot)
		sync.Append(&e, now)
	}
	return append(e.End(), '}')
}

// await gives the client of a session that holds no connect as long to be heard of
// as it was told to stay away, and maxInterval. While a stream is open that needs no
// connects, it need not; while an event-stream is, it connects as seldom as is held.
func (s *Server) await(now int64, slot uint32, r *session) {
	switch r.outlet.timer() {
	case holdTime:
		return // it runs
	case noTimer:
		s.wheel.Cancel(slot)
		return
	}
	away := r.told
	if r.outlet.state == eventSource {
		away = max(away, s.periods.hold)
	}
	s.wheel.Set(slot, now+away+s.periods.maxInterval)
}
