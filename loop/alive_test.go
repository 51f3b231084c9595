package loop

import "testing"

func TestAlive(t *testing.T) {
	var a alive
	equal(t, a.is(0, 0), false)
	for _, slot := range []uint32{0, 255, 256, 5000} {
		a.set(slot, 7)
		equal(t, a.is(slot, 7), true)
		equal(t, a.is(slot, 6), false)
		equal(t, a.is(slot+1, 0), false)
		a.clear(slot)
		equal(t, a.is(slot, 7), false)
	}
}
