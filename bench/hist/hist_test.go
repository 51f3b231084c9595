package hist

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func near(got int64, want time.Duration) bool {
	return math.Abs(float64(got)-float64(want)) <= 0.002*float64(want)
}

func TestPercentiles(t *testing.T) {
	h := New()
	for i := 1; i <= 1000; i++ {
		h.Record(int64(i) * int64(time.Millisecond))
	}
	for p, want := range map[float64]time.Duration{50: 500 * time.Millisecond, 99: 990 * time.Millisecond, 99.9: 999 * time.Millisecond} {
		if got := h.Percentile(p); !near(got, want) {
			t.Errorf("p%v = %v, want %v", p, time.Duration(got), want)
		}
	}
	if !near(h.Max(), time.Second) || !near(int64(h.Mean()), 500500*time.Microsecond) {
		t.Errorf("max %d mean %f", h.Max(), h.Mean())
	}
}

func TestBorders(t *testing.T) {
	h := New()
	for _, v := range []int64{-5, 0, math.MaxInt64} {
		h.Record(v)
	}
	if h.Count() != 3 {
		t.Errorf("%d of 3 values outside the range were counted", h.Count())
	}
}

func TestEmpty(t *testing.T) {
	h := New()
	if h.Count() != 0 || h.Max() != 0 || h.Mean() != 0 || h.Curve() != nil {
		t.Errorf("an empty histogram claims values: max %d mean %v curve %v", h.Max(), h.Mean(), h.Curve())
	}
}

func TestMergeThroughJSONIsExact(t *testing.T) {
	all, parts := New(), New()
	for part := range 3 {
		h := New()
		for i := range 500 {
			v := int64(1+part) * int64(i+1) * 10_000
			h.Record(v)
			all.Record(v)
		}
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var back Histogram
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		parts.Merge(&back)
	}
	parts.Merge(nil)
	for _, p := range []float64{1, 50, 90, 99, 99.9, 100} {
		if all.Percentile(p) != parts.Percentile(p) {
			t.Errorf("p%v is %d merged and %d whole", p, parts.Percentile(p), all.Percentile(p))
		}
	}
	if all.Count() != parts.Count() {
		t.Errorf("%d merged, %d whole", parts.Count(), all.Count())
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for _, text := range []string{`7`, `"x"`, `"AAAA"`, `""`} {
		var h Histogram
		if err := json.Unmarshal([]byte(text), &h); err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
}

func TestCurveRisesToTheMaximum(t *testing.T) {
	h := New()
	for i := range 10_000 {
		h.Record(int64(i) * 1000)
	}
	curve := h.Curve()
	for i := 1; i < len(curve); i++ {
		if curve[i].Latency < curve[i-1].Latency || curve[i].Nines < curve[i-1].Nines {
			t.Fatalf("the curve falls at %d: %+v", i, curve[i-1:i+1])
		}
	}
	if last := curve[len(curve)-1]; last.Latency != h.Max() || math.Abs(last.Nines-4) > 1e-9 {
		t.Errorf("the curve ends at %+v, want the maximum at four nines", last)
	}
}

func TestCloneStaysAsItIs(t *testing.T) {
	h := New()
	h.Record(1000)
	c := h.Clone()
	h.Record(2000)
	if c.Count() != 1 || h.Count() != 2 || c.Max() > 1500 {
		t.Errorf("the copy has %d values, the greatest %d", c.Count(), c.Max())
	}
}
