// Proved by TestTranscripts.

package bayeux

import "halley/bayeux/message"

// hold keeps the connect until events, its time-out or its end.
func (x *exchange) hold(m *message.Message, kind ConnectionType, advise bool, timeout int64) {
	s, r := x.s, x.session
	r.outlet.hold(x.req.To, kind)
	if advise && r.advise == noReply {
		r.advise = heldReply
	}
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
		x.detach(x.fx)
	}
	if !(r.outlet.usesStream() && r.carriedByStream()) {
		x.abandon(x.req.To, x.fx)
	}
	if kind == WebSocket && !r.outlet.streams() && !r.queue.Acknowledges() {
		x.attach(x.req.To, WebSocket)
		x.fx.add(Effect{Kind: Stream, To: x.req.To, Session: s.sessions.address(x.slot), Type: WebSocket}, x.fx.begin())
	}
}

// displace answers the held connect, without events, in favour of this one: its
// client may still think that it is the one. Should two take turns with polls, each
// waits a while before its next. Two on the same websocket are their client's affair.
func (x *exchange) displace() {
	s, r := x.s, x.session
	if r.outlet.held == x.req.To {
		x.unhold()
		return
	}
	answer := advisedReply(r)
	answer.left = true
	if r.outlet.polls() {
		answer.advise(max(int64(r.told), s.periods.multiInterval))
	}
	x.answerHeld(x.now, answer, x.fx)
}
