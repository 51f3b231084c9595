// Proved by TestAttendance and bayeux/simulation.

package bayeux

// Attendance is told who is there: which sessions begin and end, and what they subscribe to. Of one session it hears in
// order, and of the end of each subscription before that of the session. It is called on the event loop, so it must not
// block. Texts that it is given may be kept. Of a session that is older than the Attendance it is told when that subscribes to
// something more.
type Attendance interface {
	Begun(who Attendee)
	Joined(who Attendee, pattern string)
	Left(who Attendee, pattern string)
	Ended(who Attendee)
}

// Attendee is a session, with what verdicts have given it by then.
type Attendee struct {
	Session Address
	Claims  string
}
