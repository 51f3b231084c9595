// Proved by TestSpread, TestTables and TestTexts.

package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"halley/bench/report"
)

// measure is what is compared.
type measure string

const (
	memory measure = "memory of an idle subscriber"
	held   measure = "CPU until it is held"
	cpu    measure = "CPU of a delivery"
	user   measure = "user part of it"
	p50    measure = "p50"
	p99    measure = "p99"
	most   measure = "deliveries a second at most"
	busy   measure = "generator busy at that"
)

func measures() []measure { return append(compared(), busy) }

// compared are the measures by which a server is better than another.
func compared() []measure { return []measure{memory, held, cpu, user, p50, p99, most} }

// better tells whether a value of a measure is better than another.
func (m measure) better(a, b float64) bool {
	if m == most {
		return a > b
	}
	return a < b
}

// text writes a value of a measure: those of time are nanoseconds.
func (m measure) text(v float64) string {
	switch m {
	case memory:
		return grouped(v) + " B"
	case most:
		return grouped(v)
	case busy:
		return fmt.Sprintf("%.0f %%", v)
	case p50, p99:
		if v >= 1e9 {
			return grouped(v/1e6) + " ms"
		}
		return fmt.Sprintf("%.3g ms", v/1e6)
	}
	if v >= 1e6 {
		return grouped(v/1e3) + " µs"
	}
	return fmt.Sprintf("%.3g µs", v/1e3)
}

// grouped is a number of three figures that count, its thousands apart.
func grouped(v float64) string {
	step := 1.0
	for v/step >= 1000 {
		step *= 10
	}
	text := fmt.Sprintf("%.0f", float64(int64(v/step+0.5))*step)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// figures are the measures of one way of one server in one round.
type figures map[measure]float64

// take takes a figure out of a record, if it has it.
func (f figures) take(r *report.Run, m measure, group, name string) {
	for _, one := range r.Figures() {
		if one.Group == group && one.Name == name {
			f[m] = one.Value
		}
	}
}

// String has the figures that are known, with their names.
func (f figures) String() string {
	var parts []string
	for _, m := range measures() {
		if v, known := f[m]; known {
			parts = append(parts, fmt.Sprintf("%s %s", m, m.text(v)))
		}
	}
	return strings.Join(parts, ", ")
}

// results are all that was measured.
type results struct {
	servers []rival // in the order of the tables
	all     map[string]map[kind][]figures
	absent  []absence
	rounds  int
	machine string
	date    string // of the measurement
}

// absence is a server, or one way of it, that is not in the tables, and why.
type absence struct {
	name   string
	kind   kind // empty: all of it
	reason string
}

func (r *results) add(server rival) { r.servers = append(r.servers, server) }

func (r *results) leaveOut(name string, k kind, reason string) {
	r.absent = append(r.absent, absence{name, k, reason})
}

func (r *results) isLeftOut(name string, k kind) bool {
	return slices.ContainsFunc(r.absent, func(a absence) bool { return a.name == name && a.kind == k })
}

func (r *results) enter(name string, k kind, f figures) {
	if r.all == nil {
		r.all = map[string]map[kind][]figures{}
	}
	if r.all[name] == nil {
		r.all[name] = map[kind][]figures{}
	}
	r.all[name][k] = append(r.all[name][k], f)
}

// spread is the median of what was measured, and its bounds.
type spread struct{ median, least, most float64 }

// of is what was measured of a way of a server; known is false when nothing was.
func (r *results) of(name string, k kind, m measure) (s spread, known bool) {
	var values []float64
	for _, f := range r.all[name][k] {
		if v, there := f[m]; there {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return s, false
	}
	slices.Sort(values)
	n := len(values)
	return spread{(values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]}, true
}

// thisMachine says where it was measured.
func thisMachine(p pins) string {
	text := report.ThisMachine().String()
	if p.server != nil {
		return text + "; server and generator pinned to a core each"
	}
	return text + "; server and generator not pinned"
}

func cores() int { return runtime.NumCPU() }
