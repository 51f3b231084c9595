package report

import (
	"html/template"
	"io"
)

// HTML writes one page about the runs that needs nothing else: no script, no font, no network.
func HTML(w io.Writer, runs []*Run) error {
	page := htmlPage{Runs: runs}
	for _, c := range charts(runs) {
		svg, err := c.svg()
		if err != nil {
			return err
		}
		page.Charts = append(page.Charts, htmlChart{c.Title, c.Note, svg})
	}
	for _, row := range align(runs) {
		page.add(row)
	}
	return htmlTemplate().Execute(w, page)
}

type htmlPage struct {
	Runs   []*Run
	Charts []htmlChart
	Groups []htmlGroup
}

type htmlChart struct {
	Title, Note string
	SVG         template.HTML
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
body{font:15px/1.5 system-ui,sans-serif;color:#1c2430;background:#f4f5f7;margin:0}
main{max-width:1240px;margin:0 auto;padding:24px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:0}p{margin:2px 0;color:#566072}
.run{background:#fff;border-radius:10px;padding:14px 20px;margin:14px 0;border-left:6px solid #0072b2}
.run.bad{border-color:#c0392b}.verdict{color:#1c2430;font-weight:600}
.warning{color:#a04000}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(520px,1fr));gap:14px}
figure{background:#fff;border-radius:10px;margin:0;padding:14px 16px}figure svg{width:100%;height:auto}
table{background:#fff;border-radius:10px;border-collapse:collapse;width:100%;margin-top:14px}
th,td{padding:3px 14px;text-align:right;font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}tr.group th{padding-top:14px;border-bottom:1px solid #d9dde3}
td small{color:#566072;display:inline-block;min-width:5em}
</style></head><body><main>
<h1>Load test of a Comet server</h1>
{{range .Runs}}<section class="run{{if .Fault}} bad{{end}}"><h2>{{.Scenario}}: {{.Label}}</h2>
<p>{{.Plan}}</p><p class="verdict">{{.Verdict}}</p>
{{range .Warnings}}<p class="warning">{{.}}</p>{{end}}
<p>{{.Started.Format "2006-01-02 15:04 UTC"}}{{if .Commit}}, commit {{.Commit}}{{end}}, {{.Machine}}</p></section>
{{end}}<div class="plots">{{range .Charts}}<figure><h2>{{.Title}}</h2><p>{{.Note}}</p>{{.SVG}}</figure>{{end}}</div>
<table>{{$runs := .Runs}}{{range .Groups}}<tr class="group"><th>{{.Name}}</th>{{range $runs}}<th>{{.Label}}</th>{{end}}</tr>
{{range .Rows}}<tr><td>{{.Name}}</td>{{range .Cells}}<td>{{.Text}}{{if .Ratio}} <small>{{.Ratio}}</small>{{end}}</td>{{end}}</tr>
{{end}}{{end}}</table>
</main></body></html>
`
