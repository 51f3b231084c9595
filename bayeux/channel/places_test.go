package channel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Subscribers with many patterns come and go: each of their records is found with the one before it, and nothing else is kept.
func TestPlacesAgainstMap(t *testing.T) {
	const subscribers, patterns = 40, 300
	table, model := NewTable(16), make(map[Subscriber]map[string]bool)
	random := rand.New(rand.NewPCG(1, 2))
	for step := range 60_000 {
		s, p := Subscriber(random.IntN(subscribers)), fmt.Sprintf("/p/%d", random.IntN(patterns))
		grows := step/15_000%2 == 0
		switch {
		case random.IntN(500) == 0:
			table.UnsubscribeAll(s, nil)
			delete(model, s)
		case (random.IntN(4) > 0) == grows:
			if model[s] == nil {
				model[s] = make(map[string]bool)
			}
			if got := table.Subscribe(s, []byte(p)); got.Changed == model[s][p] {
				t.Fatalf("step %d: subscribed anew is %t", step, got.Changed)
			}
			model[s][p] = true
		default:
			if got := table.Unsubscribe(s, []byte(p)); got.Changed != model[s][p] {
				t.Fatalf("step %d: left is %t", step, got.Changed)
			}
			delete(model[s], p)
		}
		if step%500 == 0 {
			table.checkPlaces(t, model)
		}
	}
	for s := range Subscriber(subscribers) {
		table.UnsubscribeAll(s, nil)
	}
	table.checkPlaces(t, nil)
}

func (t *Table) checkPlaces(tb testing.TB, model map[Subscriber]map[string]bool) {
	tb.Helper()
	placed := 0
	for s, on := range model {
		if len(on) > walked {
			placed += len(on) - 1
		}
		for prev := t.first(s); len(on) > walked && t.records.At(prev).next != 0; prev = t.records.At(prev).next {
			r := t.records.At(prev).next
			if got := t.placed(membership{s, t.records.At(r).node}); got != (link{r, prev}) {
				tb.Fatalf("record %d of %d behind %d: found %v", r, s, prev, got)
			}
		}
		if n := t.Count(s); n != len(on) {
			tb.Fatalf("%d is on %d patterns, want %d", s, n, len(on))
		}
		for p := range on {
			if !t.Has(s, []byte(p)) {
				tb.Fatalf("%d is not on %s", s, p)
			}
		}
	}
	kept, used := 0, 0
	for i := range t.places.parts {
		used += t.places.parts[i].used
		for _, prev := range t.places.parts[i].of {
			if prev != 0 {
				kept++
			}
		}
	}
	if kept != placed || used != placed {
		tb.Fatalf("%d records are kept, %d by count, want %d", kept, used, placed)
	}
}
