// Proved by TestKept, TestMemoryIsGivenUpByParts, TestReplayGoesOnAfterShedding and bayeux/testdata/gap.txt.

package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/message"
	"halley/bayeux/queue"
	"halley/bayeux/wheel"
)

// Kept is how many bytes clients make a Server keep, by what for.
type Kept struct {
	Events        int // in the queues of all sessions, each queue counted whole though several may share an event
	Nodes         int // of the queues, used or not
	Subscriptions int // about
	Claims        int // that an Authority keeps with the sessions
	Repeats       int // of what clients have published last
}

// Kept is what is kept now.
func (s *Server) Kept() (k Kept) {
	k.Events, k.Nodes = s.queues.Memory()
	k.Subscriptions, k.Claims, k.Repeats = s.fanout.Memory(), s.grants.bytes, s.repeats.memory()
	return k
}

// Trim gives back the memory of what is no more there. It is for when much has
// gone and little is going on.
func (s *Server) Trim(now int64) {
	s.sessions.Trim()
	s.fanout.Trim(now, s.sessions.Len())
	s.rules.Forget()
	if s.sessions.Len() > 0 {
		return
	}
	s.queues.Trim()
	s.wheel = wheel.New(wheelTick, wheelSlots, now)
	s.lazies, s.grants = newLazies(now), grants{}
	s.agenda, s.batches.scratch = agenda{}, message.Batch{}
}

// Shed gives up what waits for sessions, in the order of their slots from the given
// one on: of those whose client is away, or of all that have more than least bytes,
// down to that. It ends after about most sessions and events and tells the slot to go
// on with, and whether there is more. Clients are told what they lost, as with a full
// queue.
func (s *Server) Shed(from uint32, away bool, least, most int) (next uint32, more bool) {
	next, done, more := s.sessions.part(from, most, func(slot uint32, r *session) (events int) {
		if away && (r.outlet.holds() || r.outlet.streams()) {
			return 0
		}
		return s.shed(slot, r, least)
	})
	s.Spend(done)
	return next, more
}

// shed drops the oldest pending events of a session down to least bytes, or ends the
// session if that is what a full queue does.
func (s *Server) shed(slot uint32, r *session, least int) (dropped int) {
	defer s.contain(s.sessions.address(slot))
	q, v := &r.queue, s.at(slot, r)
	if q.Pending() == 0 || q.Bytes() <= least {
		return 0
	}
	if s.cfg.Slow == queue.Disconnect {
		v.doom()
		return q.Len()
	}
	dropped = s.queues.Shed(q, least)
	s.stats.Shed += uint64(dropped)
	if r.outlet.takes() { // the replay of who is away goes on when he comes back
		v.readOn()
	}
	return dropped
}

// fewSubscriptions are what no session is ended for.
const fewSubscriptions = 16

// MostSubscriptions is how many subscriptions the one session has that has the most, of
// about part sessions from a slot on. It tells the slot to go on with, and whether there
// are more sessions.
func (s *Server) MostSubscriptions(from uint32, part int) (most int, next uint32, more bool) {
	next, done, more := s.sessions.part(from, part, func(slot uint32, _ *session) int {
		most = max(most, s.fanout.Count(slot))
		return 0
	})
	s.Spend(done)
	return most, next, more
}

// EndSubscribers ends the sessions that have at least half of most subscriptions, if
// these are more than few, of about part sessions from a slot on. The next calls of
// Flush do it. It tells the slot to go on with, and whether there are more sessions.
func (s *Server) EndSubscribers(from uint32, most, part int) (next uint32, more bool) {
	least := max(fewSubscriptions+1, most/2)
	next, done, more := s.sessions.part(from, part, func(slot uint32, r *session) int {
		if s.fanout.Count(slot) >= least {
			s.stats.ShedSessions++
			s.at(slot, r).doom()
		}
		return 0
	})
	s.Spend(done)
	return next, more
}

// Missed notes that messages of a pattern may have been missed, for the sessions that subscribe to some of them, from a slot
// on. It ends after about most sessions and subscriptions and tells the slot to go on with, and whether there are more. Clients
// are told as of messages that were dropped, at once if they hold a connect or read a stream.
func (s *Server) Missed(from uint32, pattern string, most int) (next uint32, more bool) {
	missed := []byte(pattern)
	next, done, more := s.sessions.part(from, most, func(slot uint32, r *session) (looked int) {
		concerned := false
		s.fanout.Of(slot, func(own []byte) bool {
			looked++
			concerned = channel.Meet(own, missed) != nil
			return !concerned
		})
		if concerned {
			s.queues.Lose(&r.queue, pattern)
			s.at(slot, r).tell()
		}
		return looked
	})
	s.Spend(done)
	return next, more
}
