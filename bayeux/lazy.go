// Proved by bayeux/testdata/lazy.txt.

package bayeux

import "halley/bayeux/wheel"

// lazies are the times of sessions whose pending events wait for company: a rule lets the
// events of a channel wait so long, if nothing else goes out before.
type lazies struct {
	wheel *wheel.Wheel // by slot
}

func newLazies(now int64) lazies { return lazies{wheel: wheel.New(wheelTick, wheelSlots, now)} }

// begin lets the session's pending events wait until a time, unless some wait already.
func (l *lazies) begin(slot uint32, until int64) {
	if !l.wheel.Armed(slot) {
		l.wheel.Set(slot, until)
	}
}
