package fanout

import (
	"strings"
	"testing"

	"halley/bayeux/event"
)

// Each damage is found.
func TestInvariants(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		finding string
		damage  func(f *Fanout)
	}{
		{"session 7 is gone and has a filter", func(f *Fanout) { f.SetFilter(7, []byte("/a"), nil) }},
		{"session 7 is gone and has an interval", func(f *Fanout) { f.SetInterval(7, []byte("/a"), 100) }},
		{"session 0 has an interval and no mark", func(f *Fanout) { f.marks.set(0, hasInterval, false) }},
		{"session 0 has a pause and no mark", func(f *Fanout) { f.marks.set(0, hasPause, false) }},
		{"session 1 has no interval", func(f *Fanout) { f.marks.set(1, hasInterval, true) }},
		{"session 1 has no filter", func(f *Fanout) { f.marks.set(1, hasFilter, true) }},
		{"session 1 does not pause", func(f *Fanout) { f.marks.set(1, hasPause, true) }},
		{"pause 0 is not found by its key", func(f *Fanout) { clear(f.pauses.byKey) }},
		{"pause 0 has no end", func(f *Fanout) { f.pauses.wheel.Cancel(0) }},
		{"1 pauses of sessions, 1 by key, 2 records, 1 timers", func(f *Fanout) { f.pauses.Take(pause{}) }},
		{"waited for true, kept \"\"", func(f *Fanout) { f.latest.At(1).event = "" }},
		{"waited for true, counts 0", func(f *Fanout) { f.latest.At(1).reserved = 0 }},
		{"key 1 counts", func(f *Fanout) { f.latest.At(1).bearer = 9 }},
		{"0 pauses of keys, 1 in all", func(f *Fanout) { f.latest.At(1).waiting = pauseList{} }},
	} {
		f := newFanout(t, newFake())
		f.Subscribe(0, []byte("/a"))
		f.SetInterval(0, []byte("/a"), 500)
		for range 2 {
			f.Offer(0, event.New([]byte("/a"), []byte("1"), false))
		}
		live := func(slot uint32) bool { return slot < 2 }
		if err := f.Invariants(live); err != nil {
			t.Fatal(err)
		}
		c.damage(f)
		if err := f.Invariants(live); err == nil || !strings.Contains(err.Error(), c.finding) {
			t.Errorf("damage to %q: %v", c.finding, err)
		}
	}
}
