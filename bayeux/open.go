// Proved by TestTranscripts.

package bayeux

import "halley/bayeux/reply"

// openFor makes the request the event-stream of the session that clientID names.
func (x *exchange) openFor(clientID []byte) {
	s := x.s
	x.slot, x.session = s.sessions.client(clientID)
	r := x.session
	if r == nil {
		x.noteGuess(clientID)
		x.fx.refuse(x.req.To, 404, reply.SessionUnknown)
		return
	}
	if a := s.cfg.Authority; a != nil && Watches(a) {
		if v := x.decide(Question{Operation: OpUse}); v.Ruling != Allow { // who has to be waited for is not here yet
			x.fx.refuse(x.req.To, 404, v.code(reply.SessionUnknown))
			return
		}
	}
	if r.outlet.state == socketHeld {
		// If the GET was sent before the websocket's connect and came late, its client
		// goes on with the websocket.
		answer := advisedReply(r)
		answer.left = true
		x.answerHeld(x.now, answer, x.fx)
	}
	if old := r.outlet.stream; r.outlet.streams() {
		x.detach(x.fx)
		if r.delivery.carrier == old {
			x.abandon(x.req.To, x.fx) // what is on its way with a poll's reply may arrive beside
		}
	}
	r.outlet.connect()
	r.outlet.hearing.reopen()
	x.attach(x.req.To, EventSource)
	x.await(x.now)
	x.stream(x.fx.begin(), EventSource)
}
