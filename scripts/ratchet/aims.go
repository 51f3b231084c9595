// Proved by TestVerdict and TestSizesMayOnlyImprove.

package main

import (
	"fmt"
	"io"
)

// aim is one measure and what the project aims at.
type aim struct {
	name  string
	bound float64
	more  bool // more is better, and bound is the least; otherwise it is the most
}

func aims() []aim {
	return []aim{
		{"file lines p50", 130, false},
		{"file lines p90", 400, false},
		{"file lines max", 600, false},
		{"function lines p50", 10, false},
		{"function lines p90", 35, false},
		{"function lines max", 70, false},
		{"functions over 60 lines, %", 2, false},
		{"cyclomatic complexity p90", 8, false},
		{"test lines per source line", 1, true},
		{"exported names documented, %", 100, true},
		{"methods of a type, max", 60, false},
		{"files of a type's methods, max", 6, false},
		{"booleans of a struct, max", 4, false},
		{"two-way pairs of files, max", 10, false},
		{"files with a named proof, %", 100, true},
		{"words of a sentence p90", 28, false},
	}
}

// reaches says whether a value is at least as good as bound.
func (a aim) reaches(value, bound float64) bool {
	if a.more {
		return value >= bound
	}
	return value <= bound
}

// verdict is the word for a measure. What was never recorded has to be within its aim.
func (a aim) verdict(now float64, recorded map[string]float64) (word string, passed bool) {
	before, known := recorded[a.name]
	switch {
	case a.reaches(now, a.bound):
		return "ok", true
	case known && now == before:
		return "as recorded", true
	case known && a.reaches(now, before):
		return "better: record it with -update", true
	case known:
		return "WORSE", false
	}
	return "NOT WITHIN ITS AIM", false
}

// compare prints a line for each measure and says whether all pass.
func compare(out io.Writer, now, recorded map[string]float64) (passed bool) {
	passed = true
	fmt.Fprintf(out, "%-30s %8s %8s %8s\n", "measure", "now", "recorded", "aim")
	for _, a := range aims() {
		word, good := a.verdict(now[a.name], recorded)
		passed = passed && good
		before := "-"
		if value, known := recorded[a.name]; known {
			before = fmt.Sprint(value)
		}
		fmt.Fprintf(out, "%-30s %8v %8s %8v  %s\n", a.name, now[a.name], before, a.bound, word)
	}
	return passed
}
