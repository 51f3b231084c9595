package report

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// palette is told apart by people who do not see red and green (Okabe and Ito).
func palette() []color.RGBA {
	return []color.RGBA{{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255}}
}

// file draws the chart with a legend above it, on white, to stand by itself.
func (c chart) file() (string, error) {
	p, lines, err := c.plot()
	if err != nil {
		return "", err
	}
	legend := plot.NewLegend()
	legend.TextStyle = p.Legend.TextStyle
	legend.Top, legend.Left, legend.Padding = true, true, vg.Points(3)
	for i, line := range lines {
		legend.Add(brief(c.lines[i].label), line)
	}
	return drawSVG(p, &legend)
}

// inline draws the chart for a page, which has the legend and says by its style sheet how
// bright the lines are.
func (c chart) inline() (template.HTML, error) {
	p, _, err := c.plot()
	if err != nil {
		return "", err
	}
	p.BackgroundColor = nil
	svg, err := drawSVG(p, nil)
	if err != nil {
		return "", err
	}
	replace := []string{"#000000", "currentColor"}
	for i, color := range palette() {
		replace = append(replace, hex(color), fmt.Sprintf("var(--line%d)", i))
	}
	return template.HTML(strings.NewReplacer(replace...).Replace(svg)), nil // made by us out of numbers
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }

// maxLabel is how many characters of a label fit beside a drawing's sample line.
const maxLabel = 60

func brief(label string) string {
	if r := []rune(label); len(r) > maxLabel {
		return string(r[:maxLabel-1]) + "…"
	}
	return label
}

// plot is the chart without its legend, and its lines.
func (c chart) plot() (*plot.Plot, []*plotter.Line, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = c.x, c.y
	for _, style := range []*text.Style{&p.Legend.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		style.Font.Variant = "Sans"
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(plainTicks), plot.TickerFunc(plainTicks)
	p.Add(plotter.NewGrid())
	var lines []*plotter.Line
	for i, l := range c.lines {
		line, err := plotter.NewLine(l.points)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.Title, err)
		}
		line.Color, line.Width = palette()[i%len(palette())], vg.Points(1.6)
		p.Add(line)
		lines = append(lines, line)
	}
	if c.nines {
		p.X.Tick.Marker = plot.TickerFunc(ninesTicks)
	}
	if c.log && positive(c.lines) {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	} else {
		p.Y.Min = 0
	}
	return p, lines, nil
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

// A drawing is as wide as a phone, so that its words can be read there.
const width, height = 14 * vg.Centimeter, 8 * vg.Centimeter

// drawSVG draws the plot and, above it, the legend if there is one.
func drawSVG(p *plot.Plot, legend *plot.Legend) (string, error) {
	strip := vg.Length(0)
	if legend != nil {
		strip = legend.Rectangle(draw.New(vgsvg.New(width, height))).Size().Y + vg.Points(6)
	}
	canvas := vgsvg.New(width, height+strip)
	if legend != nil {
		white := draw.New(canvas)
		white.SetColor(color.White)
		white.Fill(white.Rectangle.Path())
		legend.Draw(draw.Crop(draw.New(canvas), 8, 0, 0, -4))
	}
	p.Draw(draw.Crop(draw.New(canvas), 0, -16, 0, -8-strip))
	var buf bytes.Buffer
	if _, err := canvas.WriteTo(&buf); err != nil {
		return "", err
	}
	svg := buf.String()
	if i := strings.Index(svg, "<svg"); i > 0 {
		svg = svg[i:] // the XML declaration has no place inside a page
	}
	// The page has no fonts of its own: name common ones of the same widths behind the plotter's.
	return strings.ReplaceAll(svg, "font-family:Liberation Sans", "font-family:Liberation Sans,Arial,Helvetica,sans-serif"), nil
}
