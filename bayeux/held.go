// Proved by bayeux/testdata/outlet-*.txt and TestDrainBringsAll.

package bayeux

import (
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// hold keeps the connect until events, its time-out or its end.
func (x *exchange) hold(m *message.Message, kind ConnectionType, advise bool, timeout int64) {
	s, r := x.s, x.session
	r.outlet.hold(x.req.To, kind)
	r.advise = advise
	r.heldID = s.longIDs.keep(x.slot, m.ID)
	s.stats.Held++
	s.wheel.Set(x.slot, x.now+timeout)
	x.held = true
	x.fx.add(Effect{Kind: Hold, To: x.req.To, Session: s.sessions.address(x.slot)}, x.fx.begin())
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
		x.fx.add(Effect{Kind: Stream, To: x.req.To, Session: s.sessions.address(x.slot), Type: WebSocket}, x.fx.begin())
	}
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
		answer.advise(max(r.told, s.periods.multiInterval))
	}
	s.resume(x.now, x.slot, r, answer, x.fx)
}

// unhold forgets the held connect without an answer.
func (s *Server) unhold(slot uint32, r *session) {
	s.longIDs.forget(slot, &r.heldID)
	r.outlet.answer()
	r.advise = false
	s.stats.Held--
}

// resume answers the held connect: pending events first, the reply last.
func (s *Server) resume(now int64, slot uint32, r *session, answer connectReply, fx *Effects) {
	start := fx.begin()
	effect := Effect{Kind: Reply, To: r.outlet.held, Session: s.sessions.address(slot)}
	answer.losses = !answer.left && s.queues.HasLosses(&r.queue)
	if !answer.left && !r.queue.Blocked() && !r.outlet.usesStream() {
		s.appendPending(r, &effect, fx, start, s.cfg.ReplyBytes-answer.bytes(s.queues.LossBytes(&r.queue)), r.queue.Reply()+1)
	}
	if !answer.left && !answer.ended && !answer.failure.Failed() && r.outlet.polls() && s.owes(now, slot, r, &effect) {
		answer.advise(0)
	}
	if answer.ended && !s.terms.Salesforce {
		fx.comma(start)
		fx.arena = append(fx.arena, reply.Disconnected...)
	}
	fx.comma(start)
	fx.arena = s.appendConnectReply(fx.arena, now, slot, s.longIDs.of(slot, &r.heldID), answer)
	if answer.losses {
		s.trackLosses(slot, r, &effect)
	}
	r.delivery.send(&effect)
	fx.add(effect, start)
	s.unhold(slot, r)
	s.await(now, slot, r)
}
