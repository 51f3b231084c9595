package report

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

func TestTicksWithoutNeedlessDecimals(t *testing.T) {
	labelled := 0
	for _, tick := range plainTicks(0, 0.3) {
		if len(tick.Label) > 4 {
			t.Errorf("%v is labelled %q", tick.Value, tick.Label)
		}
		if tick.Label != "" {
			labelled++
		}
	}
	if labelled < 2 {
		t.Errorf("%d labels", labelled)
	}
}

func TestTicksOfPercentiles(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 0.2, "0"}, {0, 1, "0 90 % 50 %"}, {0, 3, "0 90 % 99 % 99.9 % 50 %"}, {1.5, 2.5, "99 %"},
	} {
		var labels []string
		for _, tick := range ninesTicks(c.low, c.high) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("from %v to %v: %q, want %q", c.low, c.high, got, c.want)
		}
	}
}

// A logarithmic axis has no place for nothing.
func TestPositive(t *testing.T) {
	for _, c := range []struct {
		ys   []float64
		want bool
	}{{[]float64{1, 2}, true}, {[]float64{1, 0, 2}, false}, {[]float64{-1}, false}, {nil, true}} {
		line := curve{}
		for _, y := range c.ys {
			line.points = append(line.points, plotter.XY{Y: y})
		}
		if got := positive([]curve{line}); got != c.want {
			t.Errorf("%v: %v", c.ys, got)
		}
		p, _, err := chart{log: true, lines: []curve{{points: append(line.points, plotter.XY{X: 1, Y: 1})}}}.plot()
		if _, log := p.Y.Scale.(plot.LogScale); err != nil || log != c.want {
			t.Errorf("%v: a logarithmic axis is %v, %v", c.ys, log, err)
		}
	}
}

// What is drawn is well-formed, whatever is in a label, and no line goes without a colour.
func TestDrawingsAreWellFormed(t *testing.T) {
	points := plotter.XYs{{X: 0, Y: 1}, {X: 1, Y: 2}}
	c := chart{Title: "t", x: "<x>", y: "&y"}
	for range len(palette()) + 1 {
		c.lines = append(c.lines, curve{label: `"a" <b> & c`, points: points})
	}
	file, err := c.file()
	if err != nil {
		t.Fatal(err)
	}
	inline, err := c.inline()
	if err != nil {
		t.Fatal(err)
	}
	for name, svg := range map[string]string{"file": file, "inline": string(inline)} {
		decoder := xml.NewDecoder(strings.NewReader(svg))
		for err = nil; err == nil; {
			_, err = decoder.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if strings.Count(string(inline), "var(--line0)") < 2 || !strings.Contains(string(inline), "var(--line5)") {
		t.Error("the colours of the style sheet are not used in turn")
	}
	if strings.Contains(file, "var(") || !strings.Contains(file, "fill:#FFFFFF") {
		t.Error("a file depends on a style sheet")
	}
	nowhere := chart{lines: []curve{{points: plotter.XYs{{X: math.NaN()}}}}}
	if _, err := nowhere.file(); err == nil {
		t.Error("a file shows a point that is nowhere")
	}
	if _, err := nowhere.inline(); err == nil {
		t.Error("a page shows a point that is nowhere")
	}
}

func TestBrief(t *testing.T) {
	for _, c := range []struct{ label, want string }{
		{"short", "short"}, {strings.Repeat("é", maxLabel), strings.Repeat("é", maxLabel)}, {strings.Repeat("é", maxLabel+1), strings.Repeat("é", maxLabel-1) + "…"},
	} {
		if got := brief(c.label); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestLettersOfRuns(t *testing.T) {
	a, b := sampleRun(), sampleRun()
	if page := (&htmlPage{Runs: []*Run{a}}); page.Letter(0) != "" || page.letterOf(a) != "" {
		t.Errorf("a run by itself is %q", page.Letter(0))
	}
	if page := (&htmlPage{Runs: []*Run{a, b}}); page.Letter(0) != "A " || page.letterOf(b) != "B " {
		t.Errorf("two runs are %q and %q", page.Letter(0), page.letterOf(b))
	}
}
