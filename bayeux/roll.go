// Proved by TestAttendance and bayeux/simulation.

package bayeux

// roll tells an Attendance of a session.
type roll struct{ seat }

func (t roll) attendee() Attendee {
	return Attendee{t.s.sessions.address(t.slot), t.s.grants.claims[t.slot]}
}

// begun tells that the session has begun.
func (t roll) begun() {
	if a := t.s.cfg.Attendance; a != nil {
		t.session.tables.set(inAttendance, true)
		a.Begun(t.attendee())
	}
}

// ended tells that the session ends, whose subscriptions are still known.
func (t roll) ended() {
	if !t.session.tables.has(inAttendance) {
		return
	}
	t.session.tables.set(inAttendance, false)
	a, who := t.s.cfg.Attendance, t.attendee()
	t.s.fanout.Of(t.slot, func(pattern []byte) bool { a.Left(who, string(pattern)); return true })
	a.Ended(who)
}

// stranger tells whether a pattern is new to the session, if anybody wants to know.
func (t roll) stranger(pattern []byte) bool {
	return t.s.cfg.Attendance != nil && !t.s.fanout.Has(t.slot, pattern)
}

// enters tells that the session has subscribed to a pattern that was new to it, and of one that was there before anybody
// wanted to know all that it is on.
func (t roll) enters(pattern []byte) {
	a, who := t.s.cfg.Attendance, t.attendee()
	if t.session.tables.has(inAttendance) {
		a.Joined(who, string(pattern))
		return
	}
	t.begun()
	t.s.fanout.Of(t.slot, func(pattern []byte) bool { a.Joined(who, string(pattern)); return true })
}

// leaves tells that the session unsubscribes from a pattern, if it has subscribed.
func (t roll) leaves(pattern []byte) {
	if t.session.tables.has(inAttendance) && t.s.fanout.Has(t.slot, pattern) {
		t.s.cfg.Attendance.Left(t.attendee(), string(pattern))
	}
}
