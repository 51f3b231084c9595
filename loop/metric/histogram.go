package metric

import "time"

// Bounds are the upper bounds of a Histogram's buckets, of all but the last, in which is what is longer.
func Bounds() []time.Duration { return bounds[:] }

var bounds = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, time.Second,
}

// Histogram counts durations by their length. It is a figure of its own kind, for Histograms to visit.
type Histogram struct {
	Sum    time.Duration
	Counts [len(bounds) + 1]uint64 // by bucket
}

// Observe counts a duration. Most are short, so the buckets are searched from the first one on.
func (h *Histogram) Observe(d time.Duration) {
	h.Sum += d
	for i, bound := range bounds {
		if d <= bound {
			h.Counts[i]++
			return
		}
	}
	h.Counts[len(bounds)]++
}

// Total is how many durations were counted.
func (h Histogram) Total() (n uint64) {
	for _, count := range h.Counts {
		n += count
	}
	return n
}

// Below is the bound that a share of the durations, from 0 to 1, keeps within. Where they exceed all bounds it is the last of
// these, and where there are none, 0.
func (h Histogram) Below(share float64) time.Duration {
	total, seen := h.Total(), uint64(0)
	if total == 0 {
		return 0
	}
	for i, count := range h.Counts[:len(bounds)] {
		if seen += count; float64(seen) >= share*float64(total) {
			return bounds[i]
		}
	}
	return bounds[len(bounds)-1]
}

// Since is what h has counted since it was as before.
func (h Histogram) Since(before Histogram) Histogram {
	h.Sum -= before.Sum
	for i := range h.Counts {
		h.Counts[i] -= before.Counts[i]
	}
	return h
}
