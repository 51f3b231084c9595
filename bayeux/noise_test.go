package bayeux

import "testing"

// Numbers stay below their bound, and differ.
func TestNoise(t *testing.T) {
	g := noise{state: 1}
	seen := make(map[int64]bool)
	for range 1000 {
		n := g.below(100)
		if n < 0 || n >= 100 {
			t.Fatalf("%d is not below 100", n)
		}
		seen[n] = true
	}
	if len(seen) < 90 {
		t.Errorf("%d different numbers below 100 in 1,000", len(seen))
	}
	for _, n := range []int64{0, -1} {
		if got := g.below(n); got != 0 {
			t.Errorf("below %d: %d", n, got)
		}
	}
}
