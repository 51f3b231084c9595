// Proved by TestText, TestTextTellsTheVerdict, TestNumbers and TestPlansInWords.

package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"
)

func (r *Run) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

// Text writes the run as a table for a terminal or a log.
func (r *Run) Text(w io.Writer) error {
	fmt.Fprintf(w, "\n%s  %s\n", r.Scenario, r.Label)
	fmt.Fprintf(w, "%s\n", r.Plan)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	group := ""
	for _, f := range r.Figures() {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(t, "\n%s\t\n", group)
		}
		fmt.Fprintf(t, "  %s\t%s\n", f.Name, f.Text())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, line := range r.Warnings {
		fmt.Fprintf(w, "\nwarning: %s\n", line)
	}
	if first := r.Result.Progress.Faults.First; first != "" {
		fmt.Fprintf(w, "\nfirst fault: %s\n", first)
	}
	_, err := fmt.Fprintf(w, "\n%s\n", r.Verdict())
	return err
}

// Verdict says in one line whether the books balance.
func (r *Run) Verdict() string {
	switch {
	case r.Fault != "":
		return "FAILED: " + r.Fault
	case r.Result.Progress.Published == 0 && r.Result.Progress.Churned > 0:
		return fmt.Sprintf("ok: %s completed", plural(int(r.Result.Progress.Churned), "churn cycle"))
	case r.Result.Progress.Published == 0:
		return "ok: nothing was published, nothing arrived"
	}
	c := r.Result.Counts
	text := fmt.Sprintf("ok: %d delivered + %d lost", c.Delivered, c.Lost)
	if c.Conflated > 0 {
		text += fmt.Sprintf(" + %d conflated", c.Conflated)
	}
	if c.Dropped > 0 {
		text += fmt.Sprintf(" + %d told to be dropped", c.Dropped)
	}
	return text + fmt.Sprintf(" = %d expected", r.Expected)
}

// String says in one line what was asked for.
func (p Plan) String() string {
	text := fmt.Sprintf("%s over %s, %s each", plural(p.Subscribers, "subscriber"), p.ConnectionType, plural(p.Connections, "connection"))
	if p.Symbols > 1 {
		text += fmt.Sprintf(", %d of %d channels each", p.Follow, p.Symbols)
	}
	if p.Messages > 0 {
		text += fmt.Sprintf(", %s of %d bytes", plural(p.Messages, "message"), p.Size)
	}
	if p.Rate > 0 {
		text += fmt.Sprintf(" at %g/s", p.Rate)
	}
	if p.Asked != "" {
		text += ", " + p.Asked
	}
	if p.Nodes > 1 {
		text += fmt.Sprintf(", %d nodes", p.Nodes)
	}
	if p.Processes > 1 {
		text += fmt.Sprintf(", %d generators", p.Processes)
	}
	return text
}

// Text is the figure's value with its unit.
func (f Figure) Text() string {
	switch f.Unit {
	case Nanos:
		return nanosText(f.Value)
	case Bytes:
		return bytesText(f.Value)
	case PerSecond:
		return thousands(f.Value) + "/s"
	case Percent:
		return strconv.FormatFloat(f.Value, 'f', 1, 64) + " %"
	}
	return thousands(f.Value)
}

func nanosText(v float64) string {
	switch {
	case math.Abs(v) >= 1e9:
		return strconv.FormatFloat(v/1e9, 'f', 2, 64) + " s"
	case math.Abs(v) >= 1e6:
		return strconv.FormatFloat(v/1e6, 'f', 2, 64) + " ms"
	}
	return strconv.FormatFloat(v/1e3, 'f', 1, 64) + " µs"
}

func bytesText(v float64) string {
	switch {
	case math.Abs(v) >= 1<<30:
		return strconv.FormatFloat(v/(1<<30), 'f', 1, 64) + " GiB"
	case math.Abs(v) >= 1<<20:
		return strconv.FormatFloat(v/(1<<20), 'f', 1, 64) + " MiB"
	case math.Abs(v) >= 64<<10:
		return strconv.FormatFloat(v/(1<<10), 'f', 1, 64) + " KiB"
	}
	return thousands(math.Round(v)) + " B"
}

// thousands writes a number with commas; below 100 it keeps a decimal if there is one.
func thousands(v float64) string {
	if math.Abs(v) < 100 && v != math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	digits := strconv.FormatFloat(math.Abs(v), 'f', 0, 64)
	out := ""
	for len(digits) > 3 {
		out = "," + digits[len(digits)-3:] + out
		digits = digits[:len(digits)-3]
	}
	if v <= -0.5 {
		digits = "-" + digits
	}
	return digits + out
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(float64(n)) + " " + noun + "s"
}
