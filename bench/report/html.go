// Proved by TestHTMLStandsAlone and TestHTMLLegends.

package report

import (
	"fmt"
	"html/template"
	"io"
	"slices"
)

// HTML writes one page about the runs that needs nothing else: no script, no font, no network.
func HTML(w io.Writer, runs []*Run) error {
	page := htmlPage{Runs: runs}
	for _, c := range charts(runs) {
		svg, err := c.inline()
		if err != nil {
			return err
		}
		chart := htmlChart{Title: c.Title, Note: c.Note, SVG: svg}
		for i, l := range c.lines {
			chart.Legend = append(chart.Legend, htmlLine{template.CSS(fmt.Sprintf("var(--line%d)", i%len(palette()))), page.letterOf(l.run), l.label})
		}
		page.Charts = append(page.Charts, chart)
	}
	for _, row := range align(runs) {
		page.add(row)
	}
	return htmlTemplate().Execute(w, &page)
}

type htmlPage struct {
	Runs   []*Run
	Charts []htmlChart
	Groups []htmlGroup
}

// Letter stands for a run in the table, if there are several.
func (p *htmlPage) Letter(i int) string {
	if len(p.Runs) == 1 {
		return ""
	}
	return fmt.Sprintf("%c ", 'A'+i)
}

func (p *htmlPage) letterOf(r *Run) string { return p.Letter(slices.Index(p.Runs, r)) }

type htmlChart struct {
	Title, Note string
	Legend      []htmlLine
	SVG         template.HTML
}

type htmlLine struct {
	Color  template.CSS
	Letter string
	Label  string
}

type htmlGroup struct {
	Name string
	Rows []htmlRow
}

type htmlRow struct {
	Name  string
	Cells []htmlCell
}

type htmlCell struct{ Text, Ratio string }

func (p *htmlPage) add(row []*Figure) {
	if n := len(p.Groups); n == 0 || p.Groups[n-1].Name != row[0].Group {
		p.Groups = append(p.Groups, htmlGroup{Name: row[0].Group})
	}
	out := htmlRow{Name: row[0].Name}
	for i, f := range row {
		cell := htmlCell{Text: "–"}
		if f != nil {
			cell.Text = f.Text()
			if i > 0 {
				cell.Ratio = against(f, row[0])
			}
		}
		out.Cells = append(out.Cells, cell)
	}
	group := &p.Groups[len(p.Groups)-1]
	group.Rows = append(group.Rows, out)
}

func htmlTemplate() *template.Template {
	return template.Must(template.New("page").Parse(htmlText))
}

const htmlText = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{{range $i, $r := .Runs}}{{if $i}} / {{end}}{{$r.Scenario}} {{$r.Label}}{{end}}</title>
<style>
:root{color-scheme:light dark;--text:#1c2430;--weak:#566072;--page:#f4f5f7;--card:#fff;--rule:#d9dde3;--good:#0072b2;--bad:#c0392b;--warn:#a04000;
--line0:#0072b2;--line1:#d55e00;--line2:#009e73;--line3:#cc79a7;--line4:#e69f00;--line5:#56b4e9}
@media(prefers-color-scheme:dark){:root{--text:#e6e9ee;--weak:#a3adbb;--page:#12161c;--card:#1c222b;--rule:#3a4350;--good:#4da3dc;--bad:#e57368;--warn:#f0a35e;
--line0:#4da3dc;--line1:#ff8a3d;--line2:#2cc495;--line3:#e09bc2;--line4:#f0b840;--line5:#8fd0f5}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--page);margin:0;overflow-wrap:anywhere}
main{max-width:1240px;margin:0 auto;padding:24px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px}h2{font-size:18px;margin:0}p{margin:2px 0;color:var(--weak)}
.run{background:var(--card);border-radius:10px;padding:14px 20px;margin:14px 0;border-left:6px solid var(--good)}
.run.bad{border-color:var(--bad)}p.verdict{color:var(--text);font-weight:600}
p.warning{color:var(--warn)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:14px}
figure{background:var(--card);border-radius:10px;margin:0;padding:14px 16px;min-width:0}
figure svg{display:block;width:100%;height:auto}figure svg text{fill:currentColor}
figure ul{list-style:none;margin:6px 0;padding:0;display:flex;flex-wrap:wrap;gap:2px 18px}
figure li::before{content:"";display:inline-block;width:22px;height:3px;border-radius:2px;margin-right:8px;vertical-align:middle;background:var(--line)}
.table{background:var(--card);border-radius:10px;margin-top:14px;overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{padding:3px 14px;text-align:right;vertical-align:top;font-variant-numeric:tabular-nums}td{overflow-wrap:normal}td+td{white-space:nowrap}
th:first-child,td:first-child{text-align:left}tr.group th{padding-top:14px;border-bottom:1px solid var(--rule)}
td small{color:var(--weak);display:inline-block;min-width:5em}
@media(max-width:640px){main{padding:14px 10px}.run,figure{padding:12px}th,td{padding:3px 8px}td small{display:block;min-width:0}}
</style></head><body><main>
<h1>Load test of a Comet server</h1>
{{range $i, $r := .Runs}}<section class="run{{if .Fault}} bad{{end}}"><h2>{{$.Letter $i}}{{.Scenario}}: {{.Label}}</h2>
<p>{{.Plan}}</p><p class="verdict">{{.Verdict}}</p>
{{range .Warnings}}<p class="warning">{{.}}</p>{{end}}
<p>{{.Started.Format "2006-01-02 15:04 UTC"}}{{if .Commit}}, commit {{.Commit}}{{end}}, {{.Machine}}</p></section>
{{end}}<div class="plots">{{range .Charts}}<figure><h2>{{.Title}}</h2><p>{{.Note}}</p><ul>{{range .Legend}}<li style="--line:{{.Color}}">{{.Letter}}{{.Label}}</li>{{end}}</ul>{{.SVG}}</figure>{{end}}</div>
<div class="table"><table>{{range .Groups}}<tr class="group"><th>{{.Name}}</th>{{range $i, $r := $.Runs}}<th>{{$.Letter $i}}</th>{{end}}</tr>
{{range .Rows}}<tr><td>{{.Name}}</td>{{range .Cells}}<td>{{.Text}}{{if .Ratio}} <small>{{.Ratio}}</small>{{end}}</td>{{end}}</tr>
{{end}}{{end}}</table></div>
</main></body></html>
`
