package main

import (
	"slices"
	"testing"
)

func TestSentences(t *testing.T) {
	var got tree
	got.addDocument("a.md", `# A heading of five words

One two three. Four five six
seven? "Eight nine!" Ten v2.1 eleven.

| a table | has no sentences |
|---|---|

- first item
- second item goes
  on here. And ends.
1. third

`+"```\ncode is no prose. at all\n```\n"+`<p>HTML is not either</p>
    nor what is indented
`)
	var words []int
	for _, sentence := range got.sentences {
		words = append(words, sentence.lines)
	}
	if want := []int{3, 4, 2, 3, 2, 5, 2, 1}; !slices.Equal(words, want) {
		t.Errorf("%v, want %v: %v", words, want, got.sentences)
	}
}
