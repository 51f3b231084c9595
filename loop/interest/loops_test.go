package interest

import (
	"slices"
	"testing"
)

// A set has what was added and not removed since, at the ends of its words too.
func TestLoops(t *testing.T) {
	var set, other Loops
	for _, loop := range []uint16{255, 0, 63, 64, 128, 0} {
		set.Add(loop)
	}
	set.Remove(128)
	set.Remove(1)
	if got := members(set); !slices.Equal(got, []uint16{0, 63, 64, 255}) {
		t.Errorf("got %v", got)
	}
	if set.Has(128) || !set.Has(64) || set.Empty() || !other.Empty() {
		t.Errorf("%v, %v", set, other)
	}
	other.Add(5)
	set.union(&other)
	if got := members(set); !slices.Equal(got, []uint16{0, 5, 63, 64, 255}) {
		t.Errorf("got %v", got)
	}
}

// Has tells whether a loop is in the set.
func (s *Loops) Has(loop uint16) bool { return s[loop/64]&(1<<(loop%64)) != 0 }
