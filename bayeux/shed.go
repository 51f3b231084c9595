package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/reply"
)

// Shed gives up what waits for sessions, in the order of their slots from the given
// one on: of those whose client is away, or of all that have more than least bytes,
// down to that. It ends after about most events and tells the slot to go on with, and
// whether there is more. Clients are told what they lost, as with a full queue.
func (s *Server) Shed(from uint32, away bool, least, most int) (next uint32, more bool) {
	s.sessions.From(from, func(slot uint32, r *session) bool {
		next = slot
		if away && (r.outlet.holds() || r.outlet.streams()) {
			return true
		}
		if more = most <= 0; more {
			return false
		}
		most -= s.shed(slot, r, least)
		return true
	})
	return next, more
}

// shed drops the oldest pending events of a session down to least bytes, or ends the
// session if that is what a full queue does.
func (s *Server) shed(slot uint32, r *session, least int) (dropped int) {
	q := &r.queue
	if q.pending() == 0 || int(q.bytes) <= least {
		return 0
	}
	if s.cfg.Slow == Disconnect {
		s.doomed.push(s.address(slot, r))
		return int(q.count)
	}
	for ; q.pending() > 0 && int(q.bytes) > least; dropped++ {
		s.forgetKey(slot, q.first)
		s.drop(slot, s.nodes.dropOldest(q).Channel())
	}
	s.stats.Shed += uint64(dropped)
	return dropped
}

// fewSubscriptions are what no session is ended for.
const fewSubscriptions = 16

// EndSubscribers ends the sessions that have at least half as many subscriptions as the
// one with the most, if these are more than few. The next calls of Flush do it.
func (s *Server) EndSubscribers() {
	most := 0
	s.sessions.Each(func(slot uint32, _ *session) bool {
		most = max(most, s.table.Count(channel.Subscriber(slot)))
		return true
	})
	least := max(fewSubscriptions+1, most/2)
	s.sessions.Each(func(slot uint32, r *session) bool {
		if s.table.Count(channel.Subscriber(slot)) >= least {
			s.stats.ShedSessions++
			s.doomed.push(s.address(slot, r))
		}
		return true
	})
}

// noSession tells why no further session can be made; nothing, if one can.
func (s *Server) noSession() (failure reply.Code) {
	switch {
	case s.sessions.Len() >= s.cfg.MaxSessions:
		return reply.SessionsFull
	case s.crowded():
		return reply.Congested
	}
	return reply.Success
}

// crowded tells that there is no memory for more sessions and subscriptions.
func (s *Server) crowded() bool { return s.cfg.Crowded != nil && s.cfg.Crowded() }
