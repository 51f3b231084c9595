package main

import (
	"fmt"
	"slices"
	"strings"
)

// page is the whole account of a contest in Markdown: tables with medians and bounds, how servers were tuned, what is absent.
func (r *results) page(s size) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# halley and its rivals, %s\n\n%s\n", r.date, r.method(s))
	for _, k := range kinds() {
		fmt.Fprintf(&b, "\n## %s\n\n%s", strings.ToUpper(string(k[:1]))+string(k[1:]), r.table(k, r.withBounds))
	}
	fmt.Fprintf(&b, "\n%s\n", notes)
	fmt.Fprint(&b, "\n## The servers\n\n| server | version | in its favour |\n|---|---|---|\n")
	for _, server := range r.servers {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", server.name, server.version, server.tuned)
	}
	fmt.Fprintf(&b, "\n## Where halley is not first\n\n%s", r.losses())
	fmt.Fprintf(&b, "\n## Left out\n\n%s", r.leftOut())
	return b.String()
}

// brief is what a README has: medians, losses and what is absent.
func (r *results) brief(s size) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| over | server | memory of an idle subscriber | CPU of a delivery | p50, p99 | deliveries a second at most |\n|---|---|---|---|---|---|\n", r.method(s))
	for _, k := range kinds() {
		for i, server := range r.measured(k) {
			over := ""
			if i == 0 {
				over = string(k)
			}
			cell := func(m measure) string { return r.cell(server, k, m, r.medianOf) }
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s, %s | %s |\n", over, server, cell(memory), cell(cpu)+r.toFloor(server, k), cell(p50), cell(p99), cell(most))
		}
	}
	fmt.Fprintf(&b, "\n%s\n\nWhere halley is not first:\n\n%s", notes, r.losses())
	fmt.Fprintf(&b, "\nLeft out:\n\n%s", r.leftOut())
	return b.String()
}

// method says what was measured, where, and of what versions.
func (r *results) method(s size) string {
	var versions []string
	for _, server := range r.servers {
		if server.version != "" {
			versions = append(versions, server.name+" "+server.version)
		}
	}
	rounds := "One round"
	if r.rounds != 1 {
		rounds = fmt.Sprintf("Medians of %d alternating rounds", r.rounds)
	}
	return fmt.Sprintf("Measured on %s with halley-bench: %s.\n%s. Memory is resident memory by its slope from %s to %s subscribers, in one round. "+
		"CPU and latency are those of %g messages a second to %s subscribers, the largest rate is to %s.\n%s.",
		r.date, r.machine, rounds, grouped(float64(s.held[0])), grouped(float64(s.held[1])), s.rate, grouped(float64(s.subscribers)), grouped(float64(s.burst)),
		strings.Join(versions, ", "))
}

// notes are what one has to know to read the figures fairly.
const notes = "Bold is the best server; the yardsticks (floor, goroutines) do not count. × is how often the floor's CPU a delivery takes. Memory is the process's own; the kernel has some 5 KB more for each " +
	"connection of any server. halley, CometD and Faye speak Bayeux: a poll is held after four requests, where Nchan " +
	"needs one, and their polls and websockets carry a session. The largest rate waits for the last subscriber before the next message, and the generator " +
	"takes its part of that time."

// measured are the servers of which there are figures of a kind.
func (r *results) measured(k kind) (names []string) {
	for _, server := range r.servers {
		if len(r.all[server.name][k]) > 0 {
			names = append(names, server.name)
		}
	}
	return names
}

// table is that of one kind.
func (r *results) table(k kind, text func(string, kind, measure) string) string {
	var b strings.Builder
	fmt.Fprint(&b, "| server |")
	for _, m := range measures() {
		fmt.Fprintf(&b, " %s |", m)
	}
	fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("---|", len(measures())))
	for _, name := range r.measured(k) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, m := range measures() {
			fmt.Fprintf(&b, " %s |", r.cell(name, k, m, text))
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

// toFloor is the CPU of a delivery as a multiple of the floor's.
func (r *results) toFloor(name string, k kind) string {
	own, known := r.of(name, k, cpu)
	least, there := r.of(floorName, k, cpu)
	if !known || !there || name == floorName {
		return ""
	}
	return fmt.Sprintf(" = %.2f ×", own.median/least.median)
}

// cell is the text of a figure, in bold if it is the best of its column; yardsticks are beyond comparison.
func (r *results) cell(name string, k kind, m measure, text func(string, kind, measure) string) string {
	if best, _ := r.best(k, m); best == name && slices.Contains(compared(), m) {
		return "**" + text(name, k, m) + "**"
	}
	return text(name, k, m)
}

func (r *results) medianOf(name string, k kind, m measure) string {
	s, known := r.of(name, k, m)
	if !known {
		return "–"
	}
	return m.text(s.median)
}

func (r *results) withBounds(name string, k kind, m measure) string {
	s, _ := r.of(name, k, m)
	if s.least == s.most {
		return r.medianOf(name, k, m)
	}
	return fmt.Sprintf("%s (%s to %s)", m.text(s.median), m.text(s.least), m.text(s.most))
}

// best is the server with the best median that is no yardstick.
func (r *results) best(k kind, m measure) (name string, value float64) {
	for _, server := range r.servers {
		s, known := r.of(server.name, k, m)
		if known && !server.least && (name == "" || m.better(s.median, value)) {
			name, value = server.name, s.median
		}
	}
	return name, value
}

// losses are a list of the measures in which another server is better than ours.
func (r *results) losses() string {
	var b strings.Builder
	i := slices.IndexFunc(r.servers, func(s rival) bool { return s.ours })
	if i < 0 {
		return "- it was not measured\n"
	}
	ours := r.servers[i].name
	for _, k := range kinds() {
		for _, m := range compared() {
			s, known := r.of(ours, k, m)
			if best, value := r.best(k, m); known && best != ours {
				fmt.Fprintf(&b, "- %s, %s: %s where %s has %s\n", k, m, m.text(s.median), best, m.text(value))
			}
		}
	}
	if b.Len() == 0 {
		return "- nowhere in this run\n"
	}
	return b.String()
}

// leftOut is a list of what is not in the tables, and why.
func (r *results) leftOut() string {
	var b strings.Builder
	for _, server := range r.servers {
		if server.lacks != "" {
			fmt.Fprintf(&b, "- %s: %s\n", server.name, server.lacks)
		}
	}
	for _, a := range r.absent {
		what := a.name
		if a.kind != "" {
			what += ", " + string(a.kind)
		}
		fmt.Fprintf(&b, "- %s: %s\n", what, a.reason)
	}
	if b.Len() == 0 {
		return "- nothing\n"
	}
	return b.String()
}

// csv has a line for each measure of each round.
func (r *results) csv() string {
	var b strings.Builder
	fmt.Fprintln(&b, "over,server,version,round,measure,value")
	for _, k := range kinds() {
		for _, server := range r.servers {
			for round, f := range r.all[server.name][k] {
				for _, m := range measures() {
					if v, known := f[m]; known {
						fmt.Fprintf(&b, "%s,%s,%s,%d,%s,%.0f\n", k, server.name, server.version, round+1, m+unit(m), v)
					}
				}
			}
		}
	}
	return b.String()
}

// unit is that of a measure's values in the CSV file.
func unit(m measure) measure {
	switch {
	case m == memory:
		return " (bytes)"
	case m == busy:
		return " (%)"
	case m == most:
		return ""
	}
	return " (ns)"
}
