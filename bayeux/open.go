// Proved by TestTranscripts.

package bayeux

import "halley/bayeux/reply"

// Open makes a request the event-stream of the session that clientID names, as
// Faye's clients ask for it: events go there as long as it is open.
func (s *Server) Open(now int64, req Request, clientID []byte, fx *Effects) {
	slot, r := s.sessions.client(clientID)
	if r == nil {
		fx.refuse(req.To, 404, reply.SessionUnknown)
		return
	}
	x := &s.exchange
	*x = exchange{seat: s.at(slot, r), fx: fx, req: req, now: now, replies: x.replies[:0]}
	if r.outlet.state == socketHeld {
		// If the GET was sent before the websocket's connect and came late, its client
		// goes on with the websocket.
		answer := advisedReply(r)
		answer.left = true
		s.at(slot, r).resume(now, answer, fx)
	}
	if old := r.outlet.stream; r.outlet.streams() {
		s.at(slot, r).detach(fx)
		if r.delivery.carrier == old {
			x.abandon(req.To, fx) // what is on its way with a poll's reply may arrive beside
		}
	}
	r.outlet.connect()
	r.outlet.hearing.reopen()
	s.at(slot, r).attach(req.To, EventSource)
	s.at(slot, r).await(now)
	x.stream(fx.begin(), EventSource)
}
