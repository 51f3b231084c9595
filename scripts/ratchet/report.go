// Proved by TestSizesAreRoundedToTheWorseSide and TestUndocumentedNamesAreNamed.

package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
)

// sizes are the measures by the names of the aims, rounded to the worse side.
func (t *tree) sizes() map[string]float64 {
	methods, files := t.widest()
	return map[string]float64{
		"file lines p50":               percentile(t.files, .5),
		"file lines p90":               percentile(t.files, .9),
		"file lines max":               percentile(t.files, 1),
		"function lines p50":           percentile(t.functions, .5),
		"function lines p90":           percentile(t.functions, .9),
		"function lines max":           percentile(t.functions, 1),
		"functions over 60 lines, %":   math.Ceil(10*share(over(t.functions, 60), len(t.functions))) / 10,
		"cyclomatic complexity p90":    percentile(t.complexity, .9),
		"test lines per source line":   math.Floor(share(t.testLines, total(t.files))) / 100,
		"exported names documented, %": documentedShare(t),

		"methods of a type, max":         percentile(methods, 1),
		"files of a type's methods, max": percentile(unexcepted(files), 1),
		"booleans of a struct, max":      percentile(t.booleans, 1),
		"two-way pairs of files, max":    percentile(t.pairs, 1),
		"files with a named proof, %":    provedShare(t),
		"words of a sentence p90":        percentile(t.sentences, .9),
	}
}

// percentile is the value of the item at share p of the sorted items, 0 without items.
func percentile(items []item, p float64) float64 {
	if len(items) == 0 {
		return 0
	}
	return float64(longest(items)[len(items)-1-int(p*float64(len(items)-1)+0.5)].lines)
}

// longest returns the items by their lines, most first.
func longest(items []item) []item {
	return slices.SortedFunc(slices.Values(items), func(a, b item) int {
		return cmp.Or(cmp.Compare(b.lines, a.lines), cmp.Compare(a.name, b.name))
	})
}

func over(items []item, lines int) (n int) {
	for _, i := range items {
		if i.lines > lines {
			n++
		}
	}
	return n
}

func total(items []item) (lines int) {
	for _, i := range items {
		lines += i.lines
	}
	return lines
}

// share is part in whole in per cent.
func share(part, whole int) float64 { return 100 * float64(part) / float64(max(whole, 1)) }

// documentedShare is 100 where nothing is exported.
func documentedShare(t *tree) float64 {
	if t.exported == 0 {
		return 100
	}
	return math.Floor(10*share(t.documented, t.exported)) / 10
}

// provedShare is 100 where no file has logic.
func provedShare(t *tree) float64 {
	if t.logic == 0 {
		return 100
	}
	return math.Floor(10*share(t.logic-len(t.unproved), t.logic)) / 10
}

// describe prints how much there is.
func (t *tree) describe(out io.Writer) {
	fmt.Fprintf(out, "Go: %d files, %d lines, %d functions; tests: %d files, %d lines; JavaScript: %d files, %d lines, longest %v\n",
		len(t.files), total(t.files), len(t.functions), t.testFiles, t.testLines, len(t.scripts), total(t.scripts), percentile(t.scripts, 1))
}

// shown is how many items of each list blame prints.
const shown = 5

// blame prints where to look.
func (t *tree) blame(out io.Writer) {
	methods, files := t.widest()
	for _, list := range []struct {
		title string
		items []item
	}{{"longest files", t.files}, {"longest functions", t.functions}, {"most complex functions", t.complexity},
		{"types with the most methods", methods}, {"types in the most files", files}, {"structs with the most booleans", t.booleans},
		{"packages with the most two-way pairs of files", t.pairs}, {"longest sentences", t.sentences}} {
		fmt.Fprintf(out, "%s:\n", list.title)
		items := longest(list.items)
		for _, i := range items[:min(shown, len(items))] {
			fmt.Fprintf(out, "  %4d %s\n", i.lines, i.name)
		}
	}
	for _, name := range t.undocumented {
		fmt.Fprintf(out, "without a comment: %s\n", name)
	}
	for _, pair := range t.pairNames {
		fmt.Fprintf(out, "use each other: %s\n", pair)
	}
	for _, name := range t.unproved {
		fmt.Fprintf(out, "without a sibling test or a first comment that names its proof: %s\n", name)
	}
}
