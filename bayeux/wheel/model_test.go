package wheel

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// twins is a wheel and its model: the deadlines themselves, searched from end to end.
type twins struct {
	wheel    *Wheel
	tick     int64
	now      int64
	deadline map[uint32]int64
}

func (w *twins) set(t *rapid.T) {
	id := drawID(t)
	ahead := rapid.OneOf(rapid.Int64Range(-3, 3), rapid.Int64Range(-500, 5_000), rapid.Int64Range(0, 1_000_000)).Draw(t, "ahead")
	w.deadline[id] = w.now + ahead
	w.wheel.Set(id, w.now+ahead)
}

func (w *twins) cancel(t *rapid.T) {
	id := drawID(t)
	delete(w.deadline, id)
	w.wheel.Cancel(id)
}

// advance moves on, mostly a little, at times beyond the horizon.
func (w *twins) advance(t *rapid.T) {
	w.step(t, rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, 400), rapid.Int64Range(0, 2_000_000)).Draw(t, "by"))
}

func (w *twins) jumpBack(t *rapid.T) {
	w.step(t, rapid.Int64Range(-2_000, 0).Draw(t, "by"))
}

// step checks the promises: nothing early, nothing twice or unknown, and nothing left that is a tick late, unless the limit was met.
func (w *twins) step(t *rapid.T, by int64) {
	w.now += by
	limit := rapid.OneOf(rapid.IntRange(0, 4), rapid.Just(1000)).Draw(t, "limit")
	ids := w.wheel.Advance(w.now, limit, nil)
	if len(ids) > limit {
		t.Fatalf("%d ids, limit %d", len(ids), limit)
	}
	for _, id := range ids {
		deadline, armed := w.deadline[id]
		if !armed || deadline > w.now {
			t.Fatalf("%d came up at %d; armed %v, deadline %d", id, w.now, armed, deadline)
		}
		delete(w.deadline, id)
	}
	if len(ids) == limit {
		return
	}
	for id, deadline := range w.deadline {
		if deadline <= w.now-w.tick {
			t.Fatalf("%d is late at %d: deadline %d", id, w.now, deadline)
		}
	}
}

func (w *twins) check(t *rapid.T) {
	for id := range uint32(idRange) {
		deadline, armed := w.deadline[id]
		if w.wheel.Armed(id) != armed {
			t.Fatalf("Armed(%d) = %v", id, !armed)
		}
		if passed := armed && deadline <= w.now; w.wheel.Passed(id, w.now) != passed {
			t.Fatalf("Passed(%d) = %v at %d, its deadline is %d", id, !passed, w.now, deadline)
		}
	}
	if w.wheel.Len() != len(w.deadline) {
		t.Fatalf("Len = %d, want %d", w.wheel.Len(), len(w.deadline))
	}
}

const idRange = 12

func drawID(t *rapid.T) uint32 { return rapid.Uint32Range(0, idRange-1).Draw(t, "id") }

func TestWheelBehavesAsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tick := rapid.SampledFrom([]int64{1, 7, 100}).Draw(t, "tick")
		slots := rapid.SampledFrom([]int{2, 3, 8, 64}).Draw(t, "slots")
		start := rapid.Int64Range(-1000, 1_000_000).Draw(t, "start")
		w := &twins{New(tick, slots, start), tick, start, map[uint32]int64{}}
		t.Repeat(map[string]func(*rapid.T){
			"set":          w.set,
			"set more":     w.set,
			"cancel":       w.cancel,
			"advance":      w.advance,
			"advance more": w.advance,
			"jump back":    w.jumpBack,
			"":             w.check,
		})
	})
}

// TestRepeatedAdvanceComesToAnEnd: with a limit, calling again until fewer come is how the owner drains what is due.
func TestRepeatedAdvanceComesToAnEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := New(100, 16, 0)
		deadlines := rapid.SliceOfN(rapid.Int64Range(0, 10_000), 0, 40).Draw(t, "deadlines")
		for id, d := range deadlines {
			w.Set(uint32(id), d)
		}
		now := rapid.Int64Range(0, 12_000).Draw(t, "now")
		var got []uint32
		for n := -1; n < len(got); {
			n = len(got)
			got = w.Advance(now, 3, got)
		}
		for id, d := range deadlines {
			came := slices.Contains(got, uint32(id))
			if came && d > now || !came && d <= now-100 {
				t.Fatalf("at %d: %d with deadline %d came up: %v", now, id, d, came)
			}
		}
		if slices.Sort(got); len(slices.Compact(got)) != len(got) {
			t.Fatalf("twice: %v", got)
		}
	})
}
