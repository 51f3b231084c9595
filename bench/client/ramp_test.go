package client

import (
	"slices"
	"testing"
	"time"
)

// The ramp keeps to its rate and to the number of subscribers that may be on their way.
func TestRampKeepsItsRate(t *testing.T) {
	r := newRamp(100)
	r.start(100, 10, int64(time.Second))
	for n, want := range map[int]time.Duration{0: time.Second, 1: 1100 * time.Millisecond, 25: 3500 * time.Millisecond} {
		r.started = n
		if got := r.wake(never); got != int64(want) {
			t.Errorf("subscriber %d is due at %v, want %v", n, time.Duration(got), want)
		}
	}
	r.underWay = 100
	if got := r.wake(never); got != never {
		t.Errorf("with enough on their way the next is due at %v", time.Duration(got))
	}
	r.underWay, r.started = 0, 100
	if got := r.wake(never); got != never {
		t.Errorf("with all started the next is due at %v", time.Duration(got))
	}
}

// As many begin as may be on their way; one that is held or given up makes room for the next.
func TestRampMakesRoom(t *testing.T) {
	r := newRamp(2)
	r.start(5, 0, 10)
	take := func() (all []int) {
		for i, ok := r.take(10); ok; i, ok = r.take(10) {
			all = append(all, i)
		}
		return all
	}
	if got := take(); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("%v begin first", got)
	}
	r.held(7)
	if got := take(); !slices.Equal(got, []int{2}) || r.took.Count() != 1 {
		t.Errorf("%v begin after one is held, %d are counted", got, r.took.Count())
	}
	r.gaveUp()
	if got := take(); !slices.Equal(got, []int{3}) || r.took.Count() != 1 {
		t.Errorf("%v begin after one is given up, %d are counted", got, r.took.Count())
	}
	r.stop()
	r.held(7)
	if got := take(); got != nil {
		t.Errorf("%v begin after the end", got)
	}
}
