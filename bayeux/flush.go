// Proved by bayeux/testdata/stream-events.txt and TestLateGroupsAreSmall.

package bayeux

import "halley/bayeux/event"

// Dirty tells whether Flush has something to do.
func (s *Server) Dirty() bool { return s.dirty.len()+s.doomed.len()+s.reading.len() > 0 }

// mark notes that the session may be flushed: it holds a connect or has a stream,
// and events are pending that need not wait for the fate of others in flight.
func (s *Server) mark(slot uint32, r *session) {
	if r.outlet.takes() && !r.tables.has(inDirty) && r.flushable() {
		r.tables.set(inDirty, true)
		s.dirty.push(s.sessions.address(slot))
	}
}

// Flush brings pending events to at most max sessions, on their stream or as the
// answer to their held connect, and tells whether more are left.
func (s *Server) Flush(now int64, max int, fx *Effects) (more bool) {
	n := 0
	for ; n < max && s.doomed.len() > 0 && (n == 0 || !s.Tired()); n++ { // the end of one may be that of another
		if a := s.doomed.pop(); s.sessions.find(a) != nil {
			s.end(now, a.Slot, fx)
		}
	}
	if s.doomed.len() > 0 {
		return true // they have lost events, so they get none that are newer
	}
	s.read(max, fx)
	for ; n < max && s.dirty.len() > 0 && (n == 0 || !s.Tired()); n++ {
		a := s.dirty.pop()
		if r := s.sessions.find(a); r != nil {
			r.tables.set(inDirty, false)
			s.flush(now, a.Slot, r, fx)
		}
	}
	return s.Dirty()
}

// flush brings a session its pending events.
func (s *Server) flush(now int64, slot uint32, r *session, fx *Effects) {
	switch {
	case !r.flushable():
	case r.outlet.usesStream():
		if r.outlet.state == socketHeld && s.queues.HasLosses(&r.queue) {
			s.resume(now, slot, r, advisedReply(r), fx)
		}
		s.deliver(slot, r, fx)
	case r.outlet.holds():
		s.resume(now, slot, r, advisedReply(r), fx)
	}
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
