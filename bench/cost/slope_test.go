package cost

import (
	"math"
	"math/rand/v2"
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

// The error of a slope says how far from it the truth may be: of many noisy runs the true slope is within two of them in nearly all.
func TestTrend(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	within, runs := 0, 400
	for range runs {
		var x, y []float64
		drift := 0.0
		for i := range 1000 {
			drift = 0.8*drift + random.NormFloat64() // neighbours are alike
			x, y = append(x, float64(i)), append(y, 100+0.01*float64(i)+drift)
		}
		slope, deviation, ok := Trend(x, y)
		if !ok || deviation <= 0 {
			t.Fatal(slope, deviation, ok)
		}
		if math.Abs(slope-0.01) < 2*deviation {
			within++
		}
	}
	if within < runs*85/100 {
		t.Errorf("within two errors in %d of %d runs", within, runs)
	}
	if _, _, ok := Trend(make([]float64, 19), make([]float64, 19)); ok {
		t.Error("a trend of too few samples")
	}
	if _, _, ok := Trend(make([]float64, 40), make([]float64, 40)); ok {
		t.Error("a trend where x does not vary")
	}
}

func TestPerSubscriber(t *testing.T) {
	samples := []Sample{{Held: 2000, RSS: 10e6}, {Held: 18000, RSS: 26e6}}
	if got := PerSubscriber(samples, func(s Sample) int64 { return s.RSS }); got != 1000 {
		t.Errorf("%v bytes, want 1000", got)
	}
}

// Of several processes each has its own times and memory, and the host its own.
func TestSum(t *testing.T) {
	got := Sum([]Sample{{At: 1, User: 1, System: 2, Exec: 3, RSS: 4, PSS: 5, Slab: 6, TCP: 7, Sockets: 8, Files: 9, Threads: 10, Held: 11},
		{At: 2, User: 10, System: 20, Exec: 30, RSS: 40, PSS: 50, Slab: 60, TCP: 70, Sockets: 80, Files: 90, Threads: 100, Held: 11}})
	want := Sample{At: 2, User: 11, System: 22, Exec: 33, RSS: 44, PSS: 55, Slab: 60, TCP: 70, Sockets: 80, Files: 99, Threads: 110, Held: 11}
	if got != want || Sum(nil) != (Sample{}) {
		t.Errorf("%+v", got)
	}
}
