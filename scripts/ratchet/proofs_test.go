package main

import (
	"slices"
	"testing"

	"halley/scripts/planted"
)

const logic = "package p\n\nfunc f() int {\n\tn := 1\n\treturn n\n}\n"

func TestProofs(t *testing.T) {
	got, err := measure(planted.Tree(t, map[string]string{
		"sibling.go": logic, "sibling_test.go": "package p\n\nfunc TestF(t *testing.T) {}\n",
		"plain.go":     "package p\n\ntype T int\n\nfunc one() int { return 1 }\n",
		"bare.go":      logic,
		"claims.go":    "// Proved by TestF.\n\n" + logic,
		"many.go":      "// Package p is a package.\n//\n// Proved by TestF, sub/testdata/*.txt and\n// sub/x_test.go.\n" + logic,
		"wrong.go":     "// Proved by TestG.\n\n" + logic,
		"half.go":      "// Proved by TestF and TestG.\n\n" + logic,
		"missing.go":   "// Proved by sub/none_test.go.\n\n" + logic,
		"late.go":      logic + "\n// Proved by TestF.\n",
		"sub/x.go":     logic,
		"sub/t.go":     "// Proved by TestF.\n\n" + logic, // of another folder
		"sub/other.go": "// Proved by TestX and sibling_test.go.\n\n" + logic,

		"sub/x_test.go": "package p\n\nfunc TestX(t *testing.T) {}\n", "sub/testdata/a.txt": "",
	}))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got.unproved)
	want := []string{"bare.go", "half.go", "late.go", "missing.go", "sub/t.go", "wrong.go"}
	if got.logic != 11 || !slices.Equal(got.unproved, want) {
		t.Errorf("%d with logic, unproved %v, want %v", got.logic, got.unproved, want)
	}
}
