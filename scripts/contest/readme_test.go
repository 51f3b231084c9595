package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBetween(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.md")
	for text, fails := range map[string]bool{"a\n" + beginMark + "\nold\n" + endMark + "\nb\n": false, "a\n" + beginMark + "\n": true, "a\n": true} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := between(file, "new\n"); (err != nil) != fails {
				t.Errorf("%q: %v", text, err)
			}
		}
		want := text
		if !fails {
			want = strings.Replace(text, "\nold\n", "\n\nnew\n\n", 1)
		}
		if got := readFile(t, file); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if between(filepath.Join(t.TempDir(), "none"), "") == nil {
		t.Error("a file that is not there")
	}
	if got := pictureOf("docs/README.md", "results/x"); !strings.Contains(got, "](../results/x/rivals.svg)") {
		t.Error(got)
	}
}
