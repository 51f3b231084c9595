// Proved by TestPicture and TestLength.

package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The picture's measures, in points: a column for each kind, in it a panel for each of the drawn measures.
const (
	panelWidth = 330
	labelWidth = 112
	barHeight  = 17
	headHeight = 40
	margin     = 12
)

// picture draws the medians as bars on logarithmic scales, in SVG.
func (r *results) picture() string {
	var b strings.Builder
	drawn := []measure{cpu, memory, most}
	y := margin
	for _, m := range drawn {
		rows := 0
		scale := r.scale(m)
		for column, k := range kinds() {
			names := r.measured(k)
			rows = max(rows, len(names))
			r.panel(&b, margin+column*panelWidth, y, k, m, scale)
		}
		y += headHeight + rows*barHeight + margin
	}
	width := 2*margin + len(kinds())*panelWidth
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="Liberation Sans,Arial,Helvetica,sans-serif" font-size="11">`+
		"\n<rect width=\"100%%\" height=\"100%%\" fill=\"#FFFFFF\"/>\n%s</svg>\n", width, y, width, y, b.String())
}

// scale is between what values the bars of a measure are drawn, over all kinds.
func (r *results) scale(m measure) [2]float64 {
	low, high := math.Inf(1), 0.0
	for _, k := range kinds() {
		for _, name := range r.measured(k) {
			if s, known := r.of(name, k, m); known && s.median > 0 {
				low, high = min(low, s.median), max(high, s.median)
			}
		}
	}
	return [2]float64{low / 2, high}
}

// panel draws the bars of one measure of one kind, and the lines of their bounds.
func (r *results) panel(b *strings.Builder, x, y int, k kind, m measure, scale [2]float64) {
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", x, y+14, html.EscapeString(string(m)))
	good := "less"
	if m.better(2, 1) {
		good = "more"
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" fill="#555555">%s; %s is better, logarithmic</text>`+"\n", x, y+29, k, good)
	const most = panelWidth - labelWidth - 74 // what is left for the longest bar beside the names and figures
	for i, name := range r.measured(k) {
		s, known := r.of(name, k, m)
		if !known {
			continue
		}
		top := y + headHeight + i*barHeight
		long := length(s.median, scale, most)
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, x+labelWidth-5, top+11, html.EscapeString(name))
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, x+labelWidth, top+2, long, barHeight-5, r.color(name))
		if s.least < s.most {
			left, right := length(s.least, scale, most), length(s.most, scale, most)
			fmt.Fprintf(b, `<path d="M%.1f %dH%.1f" stroke="#000000" stroke-width="1"/>`, float64(x+labelWidth)+left, top+8, float64(x+labelWidth)+right)
			long = max(long, right)
		}
		fmt.Fprintf(b, `<text x="%.1f" y="%d">%s</text>`+"\n", float64(x+labelWidth)+long+4, top+11, m.text(s.median))
	}
}

// length is that of a bar on a logarithmic scale.
func length(v float64, scale [2]float64, most float64) float64 {
	if v <= scale[0] || scale[1] <= scale[0] {
		return 1
	}
	return max(1, most*math.Log(v/scale[0])/math.Log(scale[1]/scale[0]))
}

// color tells ours from the yardsticks and the others (Okabe and Ito).
func (r *results) color(name string) string {
	for _, server := range r.servers {
		switch {
		case server.name != name:
		case server.ours:
			return "#0072B2"
		case server.least:
			return "#BBBBBB"
		}
	}
	return "#E69F00"
}
