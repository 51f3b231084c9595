package report

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"halley/bench/client"
	"halley/bench/cost"
)

// curve is one run's line in a plot.
type curve struct {
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
// deliveries.svg, memory.svg and connects.svg.
func WriteSVG(dir string, runs []*Run) error {
	for _, c := range charts(runs) {
		svg, err := c.svg()
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
			lines = append(lines, curve{r.Label, p})
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

// palette is told apart by people who do not see red and green (Okabe and Ito).
func palette() []color.RGBA {
	return []color.RGBA{{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255}}
}

// svg draws the chart.
func (c chart) svg() (template.HTML, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = c.x, c.y
	for _, style := range []*text.Style{&p.Legend.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		style.Font.Variant = "Sans"
	}
	p.Legend.Top, p.Legend.Left = !c.nines, !c.nines
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(plainTicks), plot.TickerFunc(plainTicks)
	p.Add(plotter.NewGrid())
	for i, l := range c.lines {
		line, err := plotter.NewLine(l.points)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.Title, err)
		}
		line.Color, line.Width = palette()[i%len(palette())], vg.Points(1.6)
		p.Add(line)
		p.Legend.Add(l.label, line)
	}
	if c.nines {
		p.X.Tick.Marker = plot.TickerFunc(ninesTicks)
	}
	if c.log && positive(c.lines) {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	} else {
		p.Y.Min = 0
		p.Y.Max *= 1.18 // room for the legend
	}
	return drawSVG(p)
}

// plainTicks are the default ticks, labelled without needless decimals.
func plainTicks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = strconv.FormatFloat(math.Round(ticks[i].Value*1e6)/1e6, 'f', -1, 64)
		}
	}
	return ticks
}

func positive(lines []curve) bool {
	for _, l := range lines {
		for _, p := range l.points {
			if p.Y <= 0 {
				return false
			}
		}
	}
	return true
}

func ninesTicks(low, high float64) (ticks []plot.Tick) {
	for i, label := range []string{"0", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %", "99.99999 %"} {
		if x := float64(i); x >= low-0.01 && x <= high+0.01 {
			ticks = append(ticks, plot.Tick{Value: x, Label: label})
		}
	}
	if half := math.Log10(2); half >= low && half <= high {
		ticks = append(ticks, plot.Tick{Value: half, Label: "50 %"})
	}
	return ticks
}

func drawSVG(p *plot.Plot) (template.HTML, error) {
	canvas := vgsvg.New(16*vg.Centimeter, 9*vg.Centimeter)
	p.Draw(draw.Crop(draw.New(canvas), 0, -16, 0, -8))
	var buf bytes.Buffer
	if _, err := canvas.WriteTo(&buf); err != nil {
		return "", err
	}
	svg := buf.Bytes()
	if i := bytes.Index(svg, []byte("<svg")); i > 0 {
		svg = svg[i:] // the XML declaration has no place inside a page
	}
	// The page has no fonts of its own: name common ones of the same widths behind the plotter's.
	svg = bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif"))
	return template.HTML(svg), nil // made by us out of numbers and escaped labels
}
