// Proved by bayeux/testdata/drain.txt, TestDrainBringsAll and TestDrainEndsStreamsLast.

package bayeux

import (
	"maps"

	"halley/bayeux/event"
)

// Waiting is how many clients have a held poll, or a stream that is no websocket: what
// Drain lets go.
func (s *Server) Waiting() (n int) {
	s.sessions.Each(func(_ uint32, r *session) bool {
		if r.outlet.waits() {
			n++
		}
		return true
	})
	return n
}

// Drain lets at most max clients go and returns how many: it answers their held polls
// and ends their streams, once all events have gone there, for them to come back at once. Polls are held no more. Who
// sends one meanwhile, and has found no other server yet, is told to come back some time
// in the next window milliseconds. It goes on where it stopped, and has gone round once
// if it returns less than max.
func (s *Server) Drain(now, window int64, max int, fx *Effects) (gone int) {
	s.drain = window
	begin := s.drainFrom
	if s.drainOn(now, noSlot, max, &gone, fx) && begin > 0 {
		s.drainFrom = 0
		s.drainOn(now, begin, max, &gone, fx)
	}
	return gone
}

// drainOn lets clients go up to the slot end, and tells whether it came so far.
func (s *Server) drainOn(now int64, end uint32, max int, gone *int, fx *Effects) (all bool) {
	all = true
	s.sessions.From(s.drainFrom, func(slot uint32, r *session) bool {
		if all = *gone < max; !all || slot >= end {
			s.drainFrom = slot
			return false
		}
		switch {
		case !r.outlet.waits():
		case r.outlet.usesStream() && r.queue.Pending() > 0: // they go first
			r.eager = true
			s.mark(slot, r)
		default:
			*gone++
			s.letGo(now, slot, r, fx)
		}
		return true
	})
	return all
}

// owedFor is how long a drain waits for a client to come for the rest of its events, in
// milliseconds. It was told to come at once.
const owedFor = 2000

// Owing is how many clients have been answered without all of their events, since one
// reply has no room for them, and are about to come for the rest.
func (s *Server) Owing(now int64) int {
	maps.DeleteFunc(s.owed, func(a Address, until int64) bool {
		r := s.sessions.find(a)
		return r == nil || now > until || r.queue.Pending() == 0 && !r.queue.Blocked()
	})
	return len(s.owed)
}

// owes notes in the effect that events are left which a poll was answered without, if a
// drain is under way.
func (s *Server) owes(now int64, slot uint32, r *session, effect *Effect) bool {
	if effect.More = s.drain > 0 && r.queue.Pending() > 0 && !r.outlet.usesStream(); effect.More {
		s.owed[s.sessions.address(slot)] = now + owedFor
	}
	return effect.More
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
	return s.noise.below(s.drain)
}

func (s *Server) letGo(now int64, slot uint32, r *session, fx *Effects) {
	if r.outlet.streams() && r.outlet.streamType != WebSocket {
		s.detach(slot, r, fx)
		s.await(now, slot, r)
	}
	if r.outlet.holds() && r.outlet.heldType != WebSocket {
		s.resume(now, slot, r, advisedReply(r), fx)
	}
}
