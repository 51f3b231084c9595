// Proved by TestCompare and TestCompareWithoutTheSameFigures.

package report

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Compare writes the figures of several runs side by side, each behind the first with
// its ratio to the first. A ratio that got worse by more than a twentieth is marked.
func Compare(w io.Writer, runs []*Run) error {
	for i, r := range runs {
		fmt.Fprintf(w, "%c  %s: %s, %s%s\n", 'A'+i, r.Scenario, r.Label, r.Started.Format("2006-01-02 15:04"), r.commitText())
		fmt.Fprintf(w, "   %s\n", r.Plan)
	}
	if note := differences(runs); note != "" {
		fmt.Fprintf(w, "\nnote: %s\n", note)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	group := ""
	for _, row := range align(runs) {
		if row[0].Group != group {
			group = row[0].Group
			fmt.Fprintf(t, "\n%s\t%s\n", group, heads(len(runs)))
		}
		fmt.Fprintf(t, "  %s\t%s\n", row[0].Name, cells(row))
	}
	return t.Flush()
}

func (r *Run) commitText() string {
	if r.Commit == "" {
		return ""
	}
	return ", commit " + r.Commit
}

func heads(n int) (text string) {
	for i := range n {
		text += fmt.Sprintf("%c\t", 'A'+i)
		if i > 0 {
			text += fmt.Sprintf("%c/A\t", 'A'+i)
		}
	}
	return text
}

func cells(row []*Figure) (text string) {
	for i, f := range row {
		if f == nil {
			text += "–\t"
			if i > 0 {
				text += "\t"
			}
			continue
		}
		text += f.Text() + "\t"
		if i > 0 {
			text += against(f, row[0]) + "\t"
		}
	}
	return text
}

// tolerance is how much worse a figure may be before it is marked; less is noise.
const tolerance = 1.05

// against is f as a ratio to base, with a mark when it is clearly worse.
func against(f, base *Figure) string {
	if base.Value == 0 {
		return ""
	}
	r := f.Value / base.Value
	text := fmt.Sprintf("%.2f×", r)
	if f.Good == Lower && r > tolerance || f.Good == Higher && r < 1/tolerance {
		text += " !"
	}
	return text
}

// align puts the same figures of all runs into rows; figures that the first run does not have are left out.
func align(runs []*Run) (rows [][]*Figure) {
	for _, first := range runs[0].Figures() {
		rows = append(rows, []*Figure{&first})
	}
	for i, r := range runs[1:] {
		byName := map[string]*Figure{}
		for _, f := range r.Figures() {
			byName[f.Group+f.Name] = &f
		}
		for k := range rows {
			rows[k] = append(rows[k][:i+1], byName[rows[k][0].Group+rows[k][0].Name])
		}
	}
	return rows
}

// differences says why the runs may not be comparable.
func differences(runs []*Run) string {
	for _, r := range runs[1:] {
		switch {
		case r.Scenario != runs[0].Scenario || r.Plan != runs[0].Plan:
			return "the runs did not do the same thing"
		case r.Machine != runs[0].Machine:
			return "the runs took place on different machines"
		}
	}
	return ""
}
