// Proved by bayeux/testdata/stream-*.txt.

package bayeux

import (
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// attach makes to the stream that the session's events go to.
func (v seat) attach(to ReplyTo, kind ConnectionType) {
	s, r := v.s, v.session
	if kind != WebSocket { // on which a second connect comes
		s.storms.goOn(r)
	}
	r.outlet.open(to, kind)
	v.mark()
	v.readOn()
}

// detach gives up the session's stream. A websocket stays open: its client may
// still use it.
func (v seat) detach(fx *Effects) {
	s, slot, r := v.s, v.slot, v.session
	fx.add(Effect{Kind: EndStream, To: r.outlet.stream, Session: s.sessions.address(slot), Type: r.outlet.streamType}, fx.begin())
	r.outlet.close()
}

// abandon gives up what is stuck on its way to the session, unless that is on
// the request to.
func (v seat) abandon(to ReplyTo, fx *Effects) {
	r := v.session
	if r.queue.InFlight() > 0 && r.delivery.carrier != to {
		fx.add(Effect{Kind: Abandon, To: r.delivery.carrier}, fx.begin())
	}
}

// openStream answers a connect with a stream: its reply first, then events.
func (x *exchange) openStream(m *message.Message, kind ConnectionType, answer connectReply) {
	s := x.s
	x.attach(x.req.To, kind)
	x.held = true
	start := x.fx.begin()
	x.fx.arena = s.composer.connectReply(x.fx.arena, x.now, x.slot, validID(m), answer)
	x.fx.endMessage()
	x.stream(start, kind)
}

// stream tells the loop to make the request a stream, with what was appended
// since start.
func (x *exchange) stream(start int, kind ConnectionType) {
	r := x.session
	effect := Effect{Kind: Stream, To: x.req.To, Session: x.s.sessions.address(x.slot), Type: kind, Anonymous: r.outlet.state == anonymous,
		ends: x.fx.messages()}
	if len(x.fx.arena) > start {
		effect.ends--
	}
	x.fx.add(effect, start)
}

// deliver sends pending events on the session's stream.
func (v seat) deliver(fx *Effects) {
	s, slot, r := v.s, v.slot, v.session
	start := fx.begin()
	effect := Effect{Kind: Deliver, To: r.outlet.stream, Session: s.sessions.address(slot), Type: r.outlet.streamType,
		Anonymous: r.outlet.state == anonymous, ends: fx.messages()}
	losses := r.outlet.streamType != WebSocket && s.queues.HasLosses(&r.queue)
	if losses {
		fx.arena = append(fx.arena, `{"channel":"/meta/connect","successful":true`...)
		e := reply.Ext{Dst: fx.arena}
		e.Dropped(s.queues.TellLosses(&r.queue))
		fx.arena = append(e.End(), '}')
		fx.endMessage()
		effect.Gap = true
	}
	s.composer.events(r, &effect, fx, start, min(r.delivery.group.bytes(), s.cfg.ReplyBytes), 0)
	if losses {
		s.composer.trackLosses(slot, r, &effect)
	}
	r.delivery.stream(effect.Numbered)
	r.delivery.send(&effect)
	fx.add(effect, start)
}

// deliverEnd tells the client on its stream that its session ends.
func (v seat) deliverEnd(last connectReply, fx *Effects) {
	s, slot, r := v.s, v.slot, v.session
	start := fx.begin()
	effect := Effect{Kind: Deliver, To: r.outlet.stream, Session: s.sessions.address(slot), Type: r.outlet.streamType, ends: fx.messages()}
	if last.ended {
		fx.arena = append(fx.arena, reply.Disconnected...)
		fx.endMessage()
		fx.comma(start)
	}
	fx.arena = reply.AppendLastConnect(fx.arena, last.failure, last.last)
	fx.endMessage()
	fx.add(effect, start)
}
