package history

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A log is a sorted list, whatever comes and goes where, and its blocks are neither
// too long nor mostly empty.
func TestLogAgainstSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l log
		var ids []int64
		next := int64(1)
		for range rapid.IntRange(1, 30).Draw(t, "rounds") {
			for range rapid.IntRange(0, 2*blockSize).Draw(t, "new") {
				if next += 2; len(ids)%100 == 99 { // one that comes late
					i := rapid.IntRange(0, len(ids)-1).Draw(t, "late")
					if id := ids[i] + 1; i == len(ids)-1 || ids[i+1] > id {
						l.add(&Entry{ID: id})
						ids = slices.Insert(ids, i+1, id)
					}
				}
				l.add(&Entry{ID: next})
				ids = append(ids, next)
			}
			for n := rapid.IntRange(0, len(ids)).Draw(t, "gone"); n > 0; n-- {
				i := 0
				if n%2 == 0 {
					i = (n * 7919) % len(ids)
				}
				l.remove(ids[i])
				l.remove(ids[i])
				ids = slices.Delete(ids, i, i+1)
			}
			compare(t, &l, ids, rapid.Int64Range(-2, next+2).Draw(t, "after"))
		}
	})
}

func compare(t *rapid.T, l *log, ids []int64, after int64) {
	want := []int64{}
	for _, id := range ids {
		if id > after {
			want = append(want, id)
		}
	}
	got := []int64{}
	p := l.after(after)
	for r, ok := p.ref(); ok; r, ok = p.ref() {
		got = append(got, r.id)
		p = p.next()
	}
	if !slices.Equal(got, want) || l.count != len(ids) {
		t.Fatalf("after %d: %v of %d, want %v of %d", after, got, l.count, want, len(ids))
	}
	for i := len(want) - 1; i >= 0; i-- {
		p, _ = p.before()
		if r, _ := p.ref(); r.id != want[i] {
			t.Fatalf("back from the end: %d, want %d", r.id, want[i])
		}
	}
	if len(ids) > 0 && (l.first().ID != ids[0] || l.latest().ID != ids[len(ids)-1]) {
		t.Fatalf("from %d to %d, want %d to %d", l.first().ID, l.latest().ID, ids[0], ids[len(ids)-1])
	}
	if most := 2 + 8*len(ids)/blockSize; len(l.blocks) > most {
		t.Fatalf("%d entries in %d blocks", len(ids), len(l.blocks))
	}
	for _, refs := range l.blocks {
		if len(refs) == 0 || len(refs) > blockSize {
			t.Fatalf("a block of %d", len(refs))
		}
	}
}
