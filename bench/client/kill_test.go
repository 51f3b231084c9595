package client

import (
	"slices"
	"testing"
	"time"
)

// A kill a quarter second from a second after the order, every other by RST.
func TestKillsKeepTheirRate(t *testing.T) {
	var k killing
	k.start(4, 0)
	var resets []bool
	for now := int64(0); now <= int64(2*time.Second); now += int64(50 * time.Millisecond) {
		for reset, due := k.take(now); due; reset, due = k.take(now) {
			if want := int64(time.Second) + int64(len(resets))*int64(250*time.Millisecond); now != want {
				t.Errorf("kill %d at %v, want %v", len(resets), time.Duration(now), time.Duration(want))
			}
			resets = append(resets, reset)
		}
	}
	if !slices.Equal(resets, []bool{false, true, false, true, false}) {
		t.Errorf("resets %v", resets)
	}
	k.stop()
	if k.wake(never) != never {
		t.Errorf("after the end a kill is due at %d", k.wake(never))
	}
}

// Only held subscribers with a connection are picked, and all of them in turn.
func TestKillsPickHeldSubscribers(t *testing.T) {
	var k killing
	sessions := make([]session, 10)
	for i := range sessions {
		sessions[i] = session{index: int32(i), phase: holding, poll: 5}
	}
	sessions[3].phase, sessions[4].poll = connecting, -1
	seen := map[int32]bool{}
	for range 8 {
		seen[k.pick(sessions).index] = true
	}
	if len(seen) != 8 || seen[3] || seen[4] {
		t.Errorf("%v were picked", seen)
	}
	if s := k.pick(sessions[3:5]); s != nil {
		t.Errorf("session %d was picked, which is not held", s.index)
	}
	if k.pick(nil) != nil {
		t.Error("one of none was picked")
	}
}
