// Proved by TestPlotsAsFiles and TestFileLegendIsAboveThePlot.

package report

import (
	"os"
	"path/filepath"

	"gonum.org/v1/plot/plotter"

	"halley/bench/client"
	"halley/bench/cost"
)

// curve is one run's line in a plot.
type curve struct {
	run    *Run
	label  string
	points plotter.XYs
}

// chart is one plot of the page.
type chart struct {
	Name  string // of a file
	Title string
	Note  string
	x, y  string
	nines bool // the x axis is percentiles, in nines
	log   bool // the y axis is logarithmic
	lines []curve
}

// charts are the plots for which the runs have data.
func charts(runs []*Run) []chart {
	all := []chart{
		{Name: "latency", Title: "Latency by percentile", Note: "from the planned moment of publishing to arrival; the further right, the rarer", x: "percentile", y: "ms", nines: true, log: true, lines: collect(runs, latencyCurve)},
		{Name: "deliveries", Title: "Deliveries over time", Note: "deliveries in each tenth of a second", x: "seconds since the first message", y: "deliveries/s", lines: collect(runs, deliveryCurve)},
		{Name: "memory", Title: "Memory against held subscribers", Note: "resident memory of the server's process", x: "held subscribers", y: "MiB", lines: collect(runs, memoryCurve)},
		{Name: "connects", Title: "Connect rate", Note: "subscribers that reached their first held connect", x: "seconds since the first connect", y: "subscribers/s", lines: collect(runs, connectCurve)},
		{Name: "subscribers", Title: "Latency against subscribers", Note: "runs of the same server with different numbers of subscribers", x: "subscribers", y: "ms", log: true, lines: bySubscribers(runs)},
	}
	var some []chart
	for _, c := range all {
		if len(c.lines) > 0 {
			some = append(some, c)
		}
	}
	return some
}

// WriteSVG writes each plot that the runs have data for into dir, as latency.svg,
// deliveries.svg, memory.svg, connects.svg and subscribers.svg.
func WriteSVG(dir string, runs []*Run) error {
	for _, c := range charts(runs) {
		svg, err := c.file()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, c.Name+".svg"), []byte(svg), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func collect(runs []*Run, points func(*Run) plotter.XYs) (lines []curve) {
	for _, r := range runs {
		if p := points(r); len(p) > 1 {
			lines = append(lines, curve{r, r.Label, p})
		}
	}
	return lines
}

func latencyCurve(r *Run) (points plotter.XYs) {
	for _, p := range r.Result.Latency.Curve() {
		points = append(points, plotter.XY{X: p.Nines, Y: float64(p.Latency) / 1e6})
	}
	return points
}

func deliveryCurve(r *Run) plotter.XYs {
	return overTime(r, PhasePublish, func(b client.Bucket) int64 { return b.Delivered })
}

func connectCurve(r *Run) plotter.XYs {
	return overTime(r, PhaseRamp, func(b client.Bucket) int64 { return b.Ramped })
}

// overTime is a count per second in the last phase of the name, with a slice of calm on
// either side, so that a short phase looks like one.
func overTime(r *Run, phase string, count func(client.Bucket) int64) (points plotter.XYs) {
	p := r.phase(phase)
	if p == nil {
		return nil
	}
	for i, b := range r.Result.Series {
		at := int64(i) * client.BucketWidth
		if at+2*client.BucketWidth < p.From || at > p.To+client.BucketWidth {
			continue
		}
		points = append(points, plotter.XY{X: float64(at-p.From) / 1e9, Y: float64(count(b)) * 1e9 / float64(client.BucketWidth)})
	}
	return points
}

// memoryCurve is what the samples of the growing run say; what came after the clients left is not in it.
func memoryCurve(r *Run) (points plotter.XYs) {
	most := 0
	for _, s := range growing(r.Samples) {
		if s.Held >= most {
			most = s.Held
			points = append(points, plotter.XY{X: float64(s.Held), Y: float64(s.RSS) / (1 << 20)})
		}
	}
	if most == 0 {
		return nil
	}
	return points
}

// growing are the samples up to the last one with the largest number held.
func growing(samples []cost.Sample) []cost.Sample {
	most, last := 0, 0
	for i, s := range samples {
		if s.Held >= most {
			most, last = s.Held, i+1
		}
	}
	return samples[:last]
}
