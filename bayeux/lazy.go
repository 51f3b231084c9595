// Proved by bayeux/testdata/lazy.txt.

package bayeux

import "halley/bayeux/wheel"

// lazies are the times of sessions whose pending events wait for company: a rule lets the
// events of a channel wait so long, if nothing else goes out before.
type lazies struct {
	wheel *wheel.Wheel // by slot
	due   []uint32
}

func newLazies(now int64) lazies { return lazies{wheel: wheel.New(wheelTick, wheelSlots, now)} }

// begin lets the session's pending events wait until a time, unless some wait already.
func (l *lazies) begin(slot uint32, until int64) {
	if !l.wheel.Armed(slot) {
		l.wheel.Set(slot, until)
	}
}

// wakeLazies sends the events on their way that have waited for company long enough. It
// tells whether it left some for the next call.
func (s *Server) wakeLazies(now int64) (more bool) {
	due := s.lazies.wheel.Advance(now, expiryBatch, s.lazies.due[:0])
	s.lazies.due = due
	for n, slot := range due {
		if s.Spend(1); n > 0 && s.Tired() {
			s.lazies.wheel.Set(slot, now)
			more = true
			continue
		}
		r := s.sessions.At(slot)
		r.eager = r.eager || r.queue.Pending() > 0
		s.mark(slot, r)
	}
	return more || len(due) == expiryBatch
}
