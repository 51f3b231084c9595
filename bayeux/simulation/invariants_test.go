package simulation

import "halley/bayeux"

// sweepEvery is how many operations pass between two looks at all sessions of a loop. The
// sessions that an operation is about are looked at each time.
const sweepEvery = 64

// verify checks the session that a call to the core was about.
func (l *loop) verify(session bayeux.Address) {
	if session.Loop != l.id {
		return
	}
	if err := bayeux.SessionInvariants(l.core, session); err != nil {
		l.w.fail(nil, "loop %d: %v", l.id, err)
	}
}

// sweep checks everything in a core.
func (l *loop) sweep() {
	if err := bayeux.Invariants(l.core); err != nil {
		l.w.fail(nil, "loop %d: %v", l.id, err)
	}
	l.there.agrees(l.core)
}

// sweep checks one loop after the other, now and then.
func (w *world) sweep() {
	if w.step%sweepEvery == 0 {
		w.loops[w.step/sweepEvery%len(w.loops)].sweep()
	}
}
