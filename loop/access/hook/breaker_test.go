package hook

import (
	"testing"
	"time"
)

// The breaker opens after failures in a row, lets one through after a pause that grows, and closes with an answer.
func TestBreaker(t *testing.T) {
	var b breaker
	now := time.Unix(1e9, 0)
	fail := func(times int) (changed bool) {
		for range times {
			if !b.enter(now) {
				t.Fatal("shut")
			}
			changed = b.leave(now, false)
		}
		return changed
	}
	if fail(failuresInRow-1) || b.leave(now, true) || fail(failuresInRow-1) {
		t.Fatal("open, or closed again, by too few failures")
	}
	if !fail(1) || !b.shuts(now) || b.enter(now) {
		t.Fatal("not open")
	}
	for _, pause := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second} {
		if now = now.Add(pause - 1); !b.shuts(now) || b.enter(now) {
			t.Fatalf("not shut for %v", pause)
		}
		if now = now.Add(1); b.shuts(now) || !b.enter(now) {
			t.Fatalf("shut after %v", pause)
		}
		if !b.shuts(now) || b.enter(now) {
			t.Fatal("a second one is let through")
		}
		if b.leave(now, false) {
			t.Fatal("told again")
		}
	}
	now = now.Add(5 * time.Second)
	if !b.enter(now) || !b.leave(now, true) || b.shuts(now) || !b.enter(now) {
		t.Fatal("not closed by an answer")
	}
	if b.leave(now, false) {
		t.Fatal("open by one failure")
	}
}

// Questions that were under way when it opened do not lengthen the pause.
func TestLateFailures(t *testing.T) {
	var b breaker
	now := time.Unix(1e9, 0)
	for range 3 * failuresInRow {
		b.leave(now, false)
	}
	if b.pause != firstPause {
		t.Errorf("a pause of %v", b.pause)
	}
	if now = now.Add(firstPause); !b.enter(now) {
		t.Error("shut after the first pause")
	}
	b.leave(now, true)
	for range failuresInRow {
		b.leave(now, false)
	}
	if b.pause != firstPause {
		t.Errorf("a pause of %v after an answer", b.pause)
	}
}
