package slab

import (
	"testing"

	"pgregory.net/rapid"
)

type address struct{ slot, gen uint32 }

// TestSlabAgainstMap: what was released is never found again, what was not is
// always, and a record keeps its place.
func TestSlabAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Slab[int]
		live := make(map[address]*int)
		var order, dead []address
		for step := range rapid.IntRange(1, 300).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"take", "take", "take many", "release", "release", "release all", "trim"}).Draw(t, "op") {
			case "take", "take many":
				n := 1
				if step%7 == 0 {
					n = chunkSize
				}
				for range n {
					item, slot, gen := s.Take()
					a := address{slot, gen}
					if *item != 0 || live[a] != nil || s.Gen(slot) != gen || s.At(slot) != item {
						t.Fatalf("bad record at %v", a)
					}
					*item = step + 1
					live[a], order = item, append(order, a)
				}
			case "release":
				if len(order) > 0 {
					i := rapid.IntRange(0, len(order)-1).Draw(t, "which")
					s.Release(order[i].slot)
					dead = append(dead, order[i])
					delete(live, order[i])
					order = append(order[:i], order[i+1:]...)
				}
			case "release all":
				for _, a := range order {
					s.Release(a.slot)
					dead = append(dead, a)
				}
				clear(live)
				order = nil
			case "trim":
				s.Trim()
			}
			check(t, &s, live, dead)
		}
	})
}

func check(t *rapid.T, s *Slab[int], live map[address]*int, dead []address) {
	t.Helper()
	for a, item := range live {
		if s.Find(a.slot, a.gen) != item {
			t.Fatalf("%v is lost", a)
		}
	}
	for _, a := range dead {
		if s.Find(a.slot, a.gen) != nil {
			t.Fatalf("%v is found", a)
		}
	}
	seen := 0
	s.Each(func(slot uint32, item *int) bool {
		if live[address{slot, s.Gen(slot)}] != item {
			t.Fatalf("slot %d is visited", slot)
		}
		seen++
		return true
	})
	if seen != len(live) || s.Len() != len(live) {
		t.Fatalf("visited %d, %d counted, of %d", seen, s.Len(), len(live))
	}
}

func TestTrimGivesBack(t *testing.T) {
	var s Slab[[64]byte]
	for range 10 * chunkSize {
		s.Take()
	}
	for slot := range uint32(10*chunkSize - 1) {
		s.Release(slot + 1)
	}
	s.Trim()
	if len(s.chunks) != 1 || len(s.free) != chunkSize-1 {
		t.Errorf("%d chunks, %d free slots", len(s.chunks), len(s.free))
	}
}
