package wheel

import (
	"math"
	"slices"
	"testing"
	"unsafe"
)

// all advances to now and returns what came up, sorted.
func all(w *Wheel, now int64) []uint32 {
	ids := w.Advance(now, math.MaxInt32, nil)
	slices.Sort(ids)
	return ids
}

func TestDeadlines(t *testing.T) {
	const tick, start = 100, 5000
	for _, c := range []struct {
		name     string
		deadline int64
		not, due int64 // not yet at not, come up at due
	}{
		{"at a tick", 5200, 5199, 5200},
		{"between ticks: at the end of its tick", 5201, 5299, 5300},
		{"already passed: at once", 4000, 3999, 5000},
		{"exactly now", 5000, 4999, 5000},
		{"the last slot", 5000 + 7*100, 5699, 5700},
		{"the horizon", 5000 + 8*100, 5799, 5800},
		{"beyond the horizon", 5000 + 9*100, 5899, 5900},
		{"many turns later", 5000 + 1000*100, 104_999, 105_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := New(tick, 8, start)
			w.Set(3, c.deadline)
			for now := int64(start); now < c.not; now += 30 {
				if ids := all(w, now); len(ids) != 0 {
					t.Fatalf("%v at %d", ids, now)
				}
			}
			if ids := all(w, c.not); len(ids) != 0 || !w.Armed(3) {
				t.Fatalf("%v at %d, armed %v", ids, c.not, w.Armed(3))
			}
			if ids := all(w, c.due); !slices.Equal(ids, []uint32{3}) || w.Armed(3) {
				t.Fatalf("%v at %d, armed %v", ids, c.due, w.Armed(3))
			}
			if ids := all(w, c.due+100_000); len(ids) != 0 {
				t.Fatalf("%v a second time", ids)
			}
		})
	}
}

func TestSetAgain(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second int64
	}{
		{"later", 1000, 2000}, {"earlier", 2000, 1000}, {"the same", 1500, 1500}, {"far later", 1000, 1_000_000}, {"far earlier", 1_000_000, 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := New(100, 16, 0)
			w.Set(0, c.first)
			w.Set(0, c.second)
			if ids := all(w, c.second-1); len(ids) != 0 {
				t.Fatal("too early")
			}
			if ids := all(w, c.second); len(ids) != 1 || w.Len() != 0 {
				t.Fatalf("%v, %d armed", ids, w.Len())
			}
		})
	}
}

func TestLaterAndEarlierAgain(t *testing.T) {
	w := New(100, 16, 0)
	w.Set(0, 500)
	w.Set(0, 900) // stays in the slot of 500
	w.Set(0, 700)
	if len(all(w, 699)) != 0 || len(all(w, 700)) != 1 {
		t.Error("not at 700")
	}
}

func TestCancel(t *testing.T) {
	w := New(100, 16, 0)
	w.Cancel(7) // never set, and beyond the slab
	w.Set(1, 500)
	w.Set(2, 500)
	w.Cancel(1)
	w.Cancel(1)
	w.Cancel(0) // in the slab, never set
	if w.Armed(1) || w.Armed(7) || !w.Armed(2) || w.Len() != 1 {
		t.Error("armed: ", w.Armed(1), w.Armed(7), w.Armed(2), w.Len())
	}
	if ids := all(w, 10_000); !slices.Equal(ids, []uint32{2}) {
		t.Error(ids)
	}
}

func TestAtMostLimitAtOnce(t *testing.T) {
	w := New(100, 16, 0)
	for id := range uint32(10) {
		w.Set(id, int64(id)*100)
	}
	dst := []uint32{99}
	for _, want := range []int{3, 3, 3, 1, 0} {
		dst = w.Advance(2000, 3, dst[:1])
		if len(dst) != want+1 || dst[0] != 99 {
			t.Fatalf("%v, want %d more than 99", dst, want)
		}
	}
	w.Set(0, 0)
	if ids := w.Advance(3000, 0, nil); len(ids) != 0 || !w.Armed(0) {
		t.Error("a limit of 0 let through", ids)
	}
	if ids := w.Advance(3000, -1, nil); len(ids) != 0 || !w.Armed(0) {
		t.Error("a limit of -1 let through", ids)
	}
}

// Next leaves the others where they are, due.
func TestNext(t *testing.T) {
	w := New(100, 8, 5000)
	for id := range uint32(3) {
		w.Set(id, 5130)
	}
	var ids []uint32
	for id, due := w.Next(5250); due; id, due = w.Next(5250) {
		ids = append(ids, id)
	}
	if !slices.Equal(ids, []uint32{0, 1, 2}) || w.Len() != 0 {
		t.Errorf("%v, %d left", ids, w.Len())
	}
}

func TestClockJumps(t *testing.T) {
	w := New(100, 16, 0)
	w.Set(1, 1_700_000_000_000) // the owner began at 0 and finds the time of day later
	w.Set(2, 1_800_000_000_000)
	w.Set(3, 5)
	if ids := all(w, 1_700_000_000_000); !slices.Equal(ids, []uint32{1, 3}) {
		t.Fatal("forward:", ids)
	}
	w.Set(4, 600)
	w.Set(5, 700)
	if ids := all(w, 650); !slices.Equal(ids, []uint32{4}) {
		t.Fatal("backward:", ids)
	}
	if ids := all(w, 700); !slices.Equal(ids, []uint32{5}) {
		t.Fatal("backward, later:", ids)
	}
	if ids := all(w, 1_800_000_000_000); !slices.Equal(ids, []uint32{2}) {
		t.Fatal("forward again:", ids)
	}
}

func TestBackwardJumpInTheMiddleOfALimitedSweep(t *testing.T) {
	w := New(100, 16, 0)
	for id := range uint32(4) {
		w.Set(id, int64(id+1)*200)
	}
	w.Set(9, 1500)
	if ids := w.Advance(1600, 1, nil); len(ids) != 1 {
		t.Fatal(ids)
	}
	if ids := all(w, 1000); !slices.Equal(ids, []uint32{1, 2, 3}) {
		t.Fatal(ids)
	}
	if len(all(w, 1499)) != 0 || len(all(w, 1500)) != 1 {
		t.Error("9 did not come up at 1500")
	}
}

func TestExtremes(t *testing.T) {
	w := New(0, 0, -250) // the smallest wheel: 1 ms, 2 slots
	w.Set(0, math.MaxInt64)
	w.Set(1, math.MinInt64)
	w.Set(2, -249)
	if ids := all(w, -250); !slices.Equal(ids, []uint32{1}) {
		t.Fatal(ids)
	}
	if ids := all(w, -249); !slices.Equal(ids, []uint32{2}) {
		t.Fatal(ids)
	}
	if ids := all(w, math.MaxInt64-1); len(ids) != 0 || !w.Armed(0) {
		t.Fatal(ids)
	}
}

func TestEntryIs16Bytes(t *testing.T) {
	if size := unsafe.Sizeof(entry{}); size != 16 {
		t.Errorf("%d bytes", size)
	}
	w := New(100, 2048, 0)
	w.Set(99_999, 1)
	if n := len(w.entries); n != 1+2048+100_000 {
		t.Errorf("%d entries for 100,000 ids and 2048 slots", n)
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	w, now := New(100, 64, 0), int64(0)
	for id := range uint32(1000) {
		w.Set(id, int64(id))
	}
	dst := make([]uint32, 0, 1000)
	if n := testing.AllocsPerRun(200, func() {
		now += 130
		dst = w.Advance(now, 1000, dst[:0])
		for _, id := range dst {
			w.Set(id, now+int64(id)*10)
		}
		w.Cancel(uint32(now) % 1000)
		w.Set(uint32(now)%1000, now)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
