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

// The README has the account of the run whose picture it shows.
func TestReadmeOfTheProject(t *testing.T) {
	_, part, _ := strings.Cut(readFile(t, "../../README.md"), beginMark)
	part, _, ended := strings.Cut(part, endMark)
	_, folder, _ := strings.Cut(part, "](")
	folder, _, shown := strings.Cut(folder, "/rivals.svg)")
	if !ended || !shown {
		t.Fatalf("no picture in %q", part)
	}
	brief := strings.TrimSpace(readFile(t, filepath.Join("../..", folder, "brief.md")))
	if want := brief + "\n\n" + strings.TrimSpace(pictureOf("README.md", folder)); strings.TrimSpace(part) != want {
		t.Errorf("the README differs from %s/brief.md: scripts/rivals --readme README.md writes both", folder)
	}
	for _, name := range []string{"table.md", "figures.csv", "rivals.svg"} {
		if _, err := os.Stat(filepath.Join("../..", folder, name)); err != nil {
			t.Error(err)
		}
	}
}
