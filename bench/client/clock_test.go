package client

import (
	"testing"
	"time"
)

func TestClocksOfOneRunAgree(t *testing.T) {
	start := Monotonic()
	a, b := NewClock(start), NewClock(start)
	if d := a.Now() - b.Now(); d > int64(time.Second) || d < -int64(time.Second) {
		t.Errorf("two clocks of one run differ by %v", time.Duration(d))
	}
	if earlier := NewClock(start - int64(time.Hour)); earlier.Now() < int64(time.Hour) {
		t.Errorf("an hour after the start the clock says %v", time.Duration(earlier.Now()))
	}
}
