package slab

import (
	"testing"

	"pgregory.net/rapid"
)

// No number is taken twice, and each record stays what it was made, until it is released.
func TestListAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l List[int]
		live, most := make(map[uint32]int), 0
		var order []uint32
		for step := range rapid.IntRange(1, 300).Draw(t, "steps") {
			if len(order) == 0 || rapid.IntRange(0, 2).Draw(t, "take") > 0 {
				i := l.Take(step + 1)
				if _, taken := live[i]; taken {
					t.Fatalf("number %d is taken twice", i)
				}
				live[i], order = step+1, append(order, i)
			} else {
				k := rapid.IntRange(0, len(order)-1).Draw(t, "which")
				i := order[k]
				l.Release(i)
				delete(live, i)
				order[k] = order[len(order)-1]
				order = order[:len(order)-1]
				if *l.At(i) != 0 {
					t.Fatalf("number %d is released and not blank", i)
				}
			}
			most = max(most, len(live))
			if l.Len() != len(live) {
				t.Fatalf("%d records, want %d", l.Len(), len(live))
			}
		}
		for i, want := range live {
			if got := *l.At(i); got != want {
				t.Fatalf("number %d is %d, want %d", i, got, want)
			}
		}
		if numbers := l.Size(); numbers != most || l.Room() < most {
			t.Fatalf("memory for %d records, at most %d were there at once", numbers, most)
		}
	})
}

// A list that has grown takes no memory for records that come and go.
func TestListTakesNoMemory(t *testing.T) {
	var l List[[4]uint64]
	a := l.Take([4]uint64{})
	if n := testing.AllocsPerRun(100, func() { l.Release(a); a = l.Take([4]uint64{1}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
