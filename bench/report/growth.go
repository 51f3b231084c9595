// Proved by TestGrowthOfMemory and TestFiguresOfConflation.

package report

import (
	"fmt"

	"halley/bench/cost"
)

// The names of the figures of a long run's memory.
const (
	memoryGroup = "server memory"
	growthName  = "RSS growth in an hour, after a quarter of it"
	growthError = "standard error of that growth"
)

// trendSeconds is how long must be published for the growth of memory to mean anything.
const trendSeconds = 20

// steadiness says between what bounds the memory was once a quarter of the publishing was over.
func (f *figures) steadiness(r *Run) {
	p := r.measured(PhasePublish)
	if p == nil {
		return
	}
	least, most := p.ServerAfter.RSS, p.ServerAfter.RSS
	var hours, resident []float64
	for _, s := range r.Samples {
		if s.At >= p.From+(p.To-p.From)/4 && s.At <= p.To {
			least, most = min(least, s.RSS), max(most, s.RSS)
			hours, resident = append(hours, float64(s.At)/3600e9), append(resident, float64(s.RSS))
		}
	}
	f.add(memoryGroup, "RSS growth while publishing", Bytes, float64(p.ServerAfter.RSS-p.ServerBefore.RSS), Lower)
	f.add(memoryGroup, "RSS after a quarter of it, least", Bytes, float64(least), Lower)
	f.add(memoryGroup, "RSS after a quarter of it, most", Bytes, float64(most), Lower)
	if slope, deviation, ok := cost.Trend(hours, resident); ok && p.Seconds() >= trendSeconds {
		f.add(memoryGroup, growthName, Bytes, slope, Lower)
		f.add(memoryGroup, growthError, Bytes, deviation, Neutral)
	}
}

// JudgeGrowth fails a run whose server's memory has grown by more than so many bytes in an hour, two standard errors granted, or in
// which nobody has looked.
func (r *Run) JudgeGrowth(limit float64) {
	growth, ok := r.Figure(memoryGroup, growthName)
	deviation, _ := r.Figure(memoryGroup, growthError)
	fault := ""
	switch {
	case !ok:
		fault = fmt.Sprintf("nothing tells how the server's memory grows: that takes --pid or --server-cmd, and %d s at least", trendSeconds)
	case growth-2*deviation > limit:
		fault = fmt.Sprintf("the server's memory grew by %s ± %s in an hour, and not by %s at most", bytesText(growth), bytesText(deviation), bytesText(limit))
	default:
		return
	}
	if r.Fault != "" {
		fault = r.Fault + "; " + fault
	}
	r.Fault = fault
}
