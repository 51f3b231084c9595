package slab

import (
	"testing"

	"pgregory.net/rapid"
)

// TestChunksAgainstMap takes and releases records in any order: each stays what it is, and
// chunks that are empty go back but for a few.
func TestChunksAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Chunks[int]
		kept := map[uint32]int{}
		var order []uint32
		for step := range rapid.IntRange(1, 8).Draw(t, "steps") {
			for i := range rapid.IntRange(0, 2*SpareChunks*ChunkRecords).Draw(t, "taken") {
				item := step*10_000 + i + 1
				k := c.Take(item)
				if _, used := kept[k]; used {
					t.Fatalf("record %d is given twice", k)
				}
				kept[k] = item
				order = append(order, k)
			}
			stride := rapid.IntRange(1, 1<<20).Draw(t, "stride")
			for range rapid.IntRange(0, len(order)).Draw(t, "released") {
				i := stride % len(order)
				c.Release(order[i])
				delete(kept, order[i])
				order[i] = order[len(order)-1]
				order = order[:len(order)-1]
			}
			for k, item := range kept {
				if *c.At(k) != item {
					t.Fatalf("record %d is %d, want %d", k, *c.At(k), item)
				}
			}
			checkChunks(t, &c, len(kept))
		}
	})
}

func checkChunks(t *rapid.T, c *Chunks[int], used int) {
	empty, held, total := 0, 0, 0
	for _, p := range c.places {
		if total += int(p.used); p.body != nil {
			held++
		}
		if p.body != nil && p.used == 0 {
			empty++
		}
	}
	if empty > SpareChunks || empty != c.empty || total != used || c.Held() != held*ChunkRecords {
		t.Fatalf("%d empty chunks, counted %d; %d of %d records in use, want %d", empty, c.empty, total, c.Held(), used)
	}
	if len(c.open) > len(c.places) {
		t.Fatalf("%d open places of %d", len(c.open), len(c.places))
	}
}

// Chunks that have grown take no memory for records that come and go.
func TestChunksTakeNoMemory(t *testing.T) {
	var c Chunks[[4]uint64]
	a := c.Take([4]uint64{})
	if n := testing.AllocsPerRun(3*ChunkRecords, func() { c.Release(a); a = c.Take([4]uint64{1}) }); n != 0 || c.Held() != ChunkRecords {
		t.Errorf("%v allocations, memory for %d records", n, c.Held())
	}
}
