package slab

import "testing"

func TestRing(t *testing.T) {
	r := Ring(3)
	for slot, want := range []int{1, 2, 0} {
		if got := r.After(slot); got != want {
			t.Errorf("%d follows %d, want %d", got, slot, want)
		}
	}
	for from := range 3 {
		for way := range 3 {
			to := from
			for range way {
				to = r.After(to)
			}
			if got := r.Way(from, to); got != way {
				t.Errorf("%d is %d behind %d, want %d", to, got, from, way)
			}
		}
	}
}
