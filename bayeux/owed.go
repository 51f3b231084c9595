// Proved by TestDrainBringsAll and TestDrainWaitsALittle.

package bayeux

import "maps"

// owedFor is how long a drain waits for a client to come for the rest of its events, in
// milliseconds. It was told to come at once.
const owedFor = 2000

// owes notes in the effect that events are left which a poll was answered without, if a
// drain is under way.
func (d *drain) owes(now int64, v seat, effect *Effect) bool {
	r := v.session
	if effect.More = d.on() && r.queue.Pending() > 0 && !r.outlet.usesStream(); effect.More {
		d.owed[d.s.sessions.address(v.slot)] = now + owedFor
	}
	return effect.More
}

// Owing is how many clients have been answered without all of their events, since one
// reply has no room for them, and are about to come for the rest.
func (d *drain) Owing(now int64) int {
	maps.DeleteFunc(d.owed, func(a Address, until int64) bool {
		r := d.s.sessions.find(a)
		return r == nil || now > until || r.queue.Pending() == 0 && !r.queue.Blocked()
	})
	return len(d.owed)
}
