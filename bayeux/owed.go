// Proved by TestDrainBringsAll and TestDrainWaitsALittle.

package bayeux

import "maps"

// owedFor is how long a drain waits for a client to come for the rest of its events, in
// milliseconds. It was told to come at once.
const owedFor = 2000

// owes notes in the effect that events are left which a poll was answered without, if a
// drain is under way.
func (s *Server) owes(now int64, slot uint32, r *session, effect *Effect) bool {
	if effect.More = s.drain > 0 && r.queue.Pending() > 0 && !r.outlet.usesStream(); effect.More {
		s.owed[s.sessions.address(slot)] = now + owedFor
	}
	return effect.More
}

// Owing is how many clients have been answered without all of their events, since one
// reply has no room for them, and are about to come for the rest.
func (s *Server) Owing(now int64) int {
	maps.DeleteFunc(s.owed, func(a Address, until int64) bool {
		r := s.sessions.find(a)
		return r == nil || now > until || r.queue.Pending() == 0 && !r.queue.Blocked()
	})
	return len(s.owed)
}
