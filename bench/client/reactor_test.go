package client

import (
	"testing"
	"time"
)

func TestPostAfterTheEndIsRefused(t *testing.T) {
	r, err := newReactor(nil)
	if err != nil {
		t.Fatal(err)
	}
	ran := false
	if !r.post(func() { ran = true }) {
		t.Error("a live reactor refused work")
	}
	if err := r.turn(NewClock(Monotonic()), time.Second); err != nil || !ran {
		t.Errorf("ran %v, %v", ran, err)
	}
	r.release()
	if r.post(func() {}) {
		t.Error("a released reactor took work")
	}
}

func TestOldKernelsWaitInMilliseconds(t *testing.T) {
	r, err := newReactor(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.release()
	r.noPwait2 = true
	clock := NewClock(Monotonic())
	begin := clock.Now()
	if err := r.turn(clock, 3*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if waited := clock.Now() - begin; waited < int64(3*time.Millisecond) || r.idle == 0 {
		t.Errorf("waited %v of 3 ms, idle %d", time.Duration(waited), r.idle)
	}
}
