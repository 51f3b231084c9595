// Package hist records latencies in HDR histograms that travel between processes
// and into result files in the compressed V2 form, so that runs and parts of runs
// can be merged without losing precision.
package hist

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Histogram counts latencies in nanoseconds from 1 µs to ten minutes with three
// significant digits. Create it with New; its zero value is only good for Unmarshal.
type Histogram struct {
	h *hdrhistogram.Histogram
}

const (
	lowest  = 1_000
	highest = 600_000_000_000
	digits  = 3
)

// New makes an empty histogram.
func New() *Histogram {
	return &Histogram{hdrhistogram.New(lowest, highest, digits)}
}

// Record counts one latency; what lies outside the range counts at its border.
func (h *Histogram) Record(nanoseconds int64) {
	_ = h.h.RecordValue(min(max(nanoseconds, lowest), highest)) // cannot fail inside the range
}

// Merge adds what other has counted.
func (h *Histogram) Merge(other *Histogram) {
	if other != nil && other.h != nil {
		h.h.Merge(other.h)
	}
}

// Clone is a copy that stays as it is.
func (h *Histogram) Clone() *Histogram {
	c := New()
	c.Merge(h)
	return c
}

// Count is the number of recorded latencies.
func (h *Histogram) Count() int64 { return h.h.TotalCount() }

// Percentile is the latency in nanoseconds that p per cent of all did not exceed.
func (h *Histogram) Percentile(p float64) int64 { return h.h.ValueAtPercentile(p) }

// Max is the largest latency in nanoseconds, 0 when there is none.
func (h *Histogram) Max() int64 {
	if h.Count() == 0 {
		return 0
	}
	return h.h.Max()
}

// Mean is the average latency in nanoseconds, 0 when there is none.
func (h *Histogram) Mean() float64 {
	if h.Count() == 0 {
		return 0
	}
	return h.h.Mean()
}

// Point is one point of the curve of latency by percentile.
type Point struct {
	Nines   float64 // log10(1/(1-quantile)): 1 is p90, 2 is p99
	Latency int64   // nanoseconds
}

// Curve is the distribution as points that get denser towards the tail, up to the
// last percentile that the count can support.
func (h *Histogram) Curve() []Point {
	if h.Count() == 0 {
		return nil
	}
	last := math.Log10(float64(h.Count()))
	var points []Point
	for nines := 0.0; nines < last; nines += 0.05 {
		q := 1 - math.Pow(10, -nines)
		points = append(points, Point{nines, h.Percentile(q * 100)})
	}
	return append(points, Point{last, h.Max()})
}

// MarshalJSON writes the compressed V2 encoding as a string.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	encoded, err := h.h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("encode histogram: %w", err)
	}
	return json.Marshal(string(encoded))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Histogram) UnmarshalJSON(data []byte) error {
	var encoded string
	if err := json.Unmarshal(data, &encoded); err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	decoded, err := hdrhistogram.Decode([]byte(encoded))
	if err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	h.h = decoded
	return nil
}
