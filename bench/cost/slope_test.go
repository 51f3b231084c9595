package cost

import (
	"math"
	"testing"
)

func TestSlope(t *testing.T) {
	for _, c := range []struct {
		x, y []float64
		want float64
	}{
		{nil, nil, 0},
		{[]float64{5}, []float64{7}, 0},
		{[]float64{5, 5}, []float64{7, 9}, 0},
		{[]float64{0, 10}, []float64{100, 120}, 2},
		{[]float64{0, 1, 2, 3}, []float64{0, 2, 2, 4}, 1.2},
	} {
		if got := Slope(c.x, c.y); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("Slope(%v, %v) = %v, want %v", c.x, c.y, got, c.want)
		}
	}
}

func TestPerSubscriber(t *testing.T) {
	samples := []Sample{{Held: 2000, RSS: 10e6}, {Held: 18000, RSS: 26e6}}
	if got := PerSubscriber(samples, func(s Sample) int64 { return s.RSS }); got != 1000 {
		t.Errorf("%v bytes, want 1000", got)
	}
}
