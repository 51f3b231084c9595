package report

import (
	"fmt"
	"maps"
	"slices"

	"gonum.org/v1/plot/plotter"
)

// bySubscribers is the latency of runs with the same label against their numbers of subscribers: the middle, and what one of a thousand
// deliveries takes longer than. Of several runs with the same number it is the median.
func bySubscribers(runs []*Run) (lines []curve) {
	var labels []string
	first := map[string]*Run{}
	for _, r := range runs {
		if first[r.Label] == nil {
			first[r.Label], labels = r, append(labels, r.Label)
		}
	}
	for _, label := range labels {
		for _, percentile := range []float64{50, 99.9} {
			values := map[int][]float64{}
			for _, r := range runs {
				if r.Label == label && r.Result.Latency.Count() > 0 {
					values[r.Plan.Subscribers] = append(values[r.Plan.Subscribers], float64(r.Result.Latency.Percentile(percentile))/1e6)
				}
			}
			var points plotter.XYs
			for _, n := range slices.Sorted(maps.Keys(values)) {
				slices.Sort(values[n])
				points = append(points, plotter.XY{X: float64(n), Y: values[n][len(values[n])/2]})
			}
			if len(points) > 1 {
				lines = append(lines, curve{run: first[label], label: fmt.Sprintf("%s, p%g", label, percentile), points: points})
			}
		}
	}
	return lines
}
