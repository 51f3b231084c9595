package main

import (
	"slices"
	"testing"

	"halley/scripts/planted"
)

func TestPairsOfFiles(t *testing.T) {
	got, err := measure(planted.Tree(t, map[string]string{
		"go.mod":   "module m\n\ngo 1.24\n",
		"p/a.go":   "package p\n\nimport \"m/q\"\n\ntype A struct{ n int }\n\nfunc (a *A) get() int { return set(a) + q.N }\n",
		"p/b.go":   "package p\n\nfunc set(a *A) int { a.n++; return a.n }\n",
		"p/c.go":   "package p\n\nvar c = set(&A{})\n",
		"q/one.go": "package q\n\n// N is a number.\nconst N = m\n",
		"q/two.go": "package q\n\nconst m = 1\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if want := []item{{"m/p", 1}, {"m/q", 0}}; !slices.Equal(longest(got.pairs), want) {
		t.Errorf("pairs %v, want %v", got.pairs, want)
	}
	if want := []string{"m/p: a.go and b.go"}; !slices.Equal(got.pairNames, want) {
		t.Errorf("names %v, want %v", got.pairNames, want)
	}
}

func TestPairsOfWhatDoesNotCompile(t *testing.T) {
	if _, err := measure(planted.Tree(t, map[string]string{"go.mod": "module m\n", "a.go": "package m\n\nvar a = b\n"})); err == nil {
		t.Error("no error")
	}
}
