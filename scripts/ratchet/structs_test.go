package main

import (
	"slices"
	"testing"

	"halley/scripts/planted"
)

// An exception counts again when it grows, and goes when it is none any more.
func TestExceptions(t *testing.T) {
	for name, files := range exceptions() {
		got := unexcepted([]item{{name, files}, {"a:T", 3}})
		if want := []item{{"a:T", 3}}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if got := unexcepted([]item{{name, files + 1}}); len(got) != 1 {
			t.Errorf("%s in %d files is excepted", name, files+1)
		}
	}
	tree, err := measure("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range exceptions() {
		if got := len(tree.methods[name]); got != files {
			t.Errorf("%s stands in %d files, the exception says %d", name, got, files)
		}
	}
}

func TestWidthOfTypes(t *testing.T) {
	got, err := measure(planted.Tree(t, map[string]string{
		"a/a.go":      "package a\n\ntype T struct{ x, y bool; n int; z bool; flag bool `help:\"a setting\"` }\n\nfunc (t *T) A() {}\nfunc (t T) B() {}\n",
		"a/b.go":      "package a\n\nfunc (t *T) C() {}\n\ntype U struct{ bool }\n\ntype none struct{ s string }\n\ntype G[K any] struct{}\n\nfunc (g *G[K]) D() {}\n",
		"a/a_test.go": "package a\n\nfunc (t *T) OfATest() {}\n",
		"b/a.go":      "package b\n\ntype T int\n\nfunc (t T) A() {}\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if want := []item{{"a/a.go:T", 3}, {"a/b.go:U", 1}}; !slices.Equal(got.booleans, want) {
		t.Errorf("booleans %v, want %v", got.booleans, want)
	}
	methods, files := got.widest()
	if want := []item{{"a:T", 3}, {"a:G", 1}, {"b:T", 1}}; !slices.Equal(longest(methods), want) {
		t.Errorf("methods %v, want %v", longest(methods), want)
	}
	if want := []item{{"a:T", 2}, {"a:G", 1}, {"b:T", 1}}; !slices.Equal(longest(files), want) {
		t.Errorf("files %v, want %v", longest(files), want)
	}
}
