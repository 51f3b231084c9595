package interest

import (
	"fmt"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// TestMarksAgainstMap: an entry is found until it is removed, however many marks have the same home.
func TestMarksAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table marks
		model := make(map[mark]uint32)
		draw := func(t *rapid.T) mark {
			return mark{rapid.SampledFrom([]uint64{0, 1, 1 << 62, 1<<63 - 1, 1<<64 - 1}).Draw(t, "high"), rapid.Uint32Range(0, 9).Draw(t, "low")}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				if m := draw(t); model[m] == 0 {
					model[m] = rapid.Uint32Range(1, 300).Draw(t, "set")
					table.add(m, model[m])
				}
			},
			"remove": func(t *rapid.T) {
				m := draw(t)
				if e := table.find(m); e != nil {
					table.remove(e)
				}
				delete(model, m)
			},
			"fit": func(*rapid.T) {
				if table.fit(); len(table.slots) > (table.used/7+1)*8 {
					t.Fatalf("%d slots for %d entries", len(table.slots), table.used)
				}
			},
			"": func(t *rapid.T) {
				for m, set := range model {
					if e := table.find(m); e == nil || e.set != set {
						t.Fatalf("%v has %v, want %d", m, e, set)
					}
				}
				if m := draw(t); model[m] == 0 && table.find(m) != nil || table.used != len(model) {
					t.Fatalf("%d entries, want %d; or %v is found", table.used, len(model), m)
				}
			},
		})
	})
}

// Who watches what has begun would miss what is there.
func TestWatchedTooLate(t *testing.T) {
	x := New()
	x.Add([]byte("/a"), 1)
	defer func() {
		if recover() == nil {
			t.Error("watched with a pattern there")
		}
	}()
	x.Watch(func(string, bool) {})
}

// A pattern takes an entry of 16 bytes, and at most a third of one is free.
func TestPatternTakesAtMost24Bytes(t *testing.T) {
	x := New()
	for n := range 200_000 {
		x.Add(fmt.Appendf(nil, "/user/%05d/channel/%02d", n/20, n%20), uint16(n%2))
		if n%10_000 != 9_999 {
			continue
		}
		slots := 0
		for i := range x.parts {
			slots += len(x.parts[i].marks.slots)
		}
		if bytes := slots * int(unsafe.Sizeof(entry{})); bytes > 24*n {
			t.Errorf("%d bytes for %d patterns", bytes, n+1)
		}
	}
}
