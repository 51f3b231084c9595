// Proved by TestNothingLostNorDoubled.

package bayeux

import "halley/bayeux/event"

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

// trackLosses asks for a report on this effect, because it carries the news of losses: it
// gets a number, if it has none.
func (v seat) trackLosses(effect *Effect) {
	s, slot, r := v.s, v.slot, v.session
	if s.queues.TrackLosses(&r.queue, effect.Numbered) {
		effect.Numbered, effect.Session, effect.Upto = true, s.sessions.address(slot), r.queue.Upto()
	}
}
