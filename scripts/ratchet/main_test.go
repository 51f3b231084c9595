package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"halley/scripts/planted"
)

func TestVerdict(t *testing.T) {
	most, least := aim{"m", 100, false}, aim{"l", 1, true}
	for _, c := range []struct {
		name     string
		aim      aim
		now      float64
		recorded map[string]float64
		want     string
		passed   bool
	}{
		{"within the aim", most, 100, nil, "ok", true},
		{"within the aim, worse than recorded", most, 90, map[string]float64{"m": 50}, "ok", true},
		{"outside, as it was", most, 150, map[string]float64{"m": 150}, "as recorded", true},
		{"outside, better", most, 149, map[string]float64{"m": 150}, "better", true},
		{"outside, worse", most, 151, map[string]float64{"m": 150}, "WORSE", false},
		{"outside, was inside", most, 101, map[string]float64{"m": 90}, "WORSE", false},
		{"outside, never recorded", most, 101, map[string]float64{"l": 2}, "NOT WITHIN", false},
		{"enough", least, 1, nil, "ok", true},
		{"too little, more than it was", least, .8, map[string]float64{"l": .7}, "better", true},
		{"too little, less than it was", least, .6, map[string]float64{"l": .7}, "WORSE", false},
		{"too little, was enough", least, .9, map[string]float64{"l": 1.2}, "WORSE", false},
	} {
		word, passed := c.aim.verdict(c.now, c.recorded)
		if !strings.HasPrefix(word, c.want) || passed != c.passed {
			t.Errorf("%s: %q, %v; want %q, %v", c.name, word, passed, c.want, c.passed)
		}
	}
}

// long is a source with one function of n lines.
func long(n int) string {
	return "package p\n\nfunc f() {\n" + strings.Repeat("\tf()\n", n-2) + "}\n"
}

// runIn measures a tree of one source and a test of the same length against sizes.json in dir.
func runIn(t *testing.T, dir, source string, update bool) (out string, passed bool) {
	t.Helper()
	test := "package p\n" + strings.Repeat("\n", strings.Count(source, "\n"))
	var b strings.Builder
	passed, err := run(&b, planted.Tree(t, map[string]string{"a.go": source, "a_test.go": test}), filepath.Join(dir, "sizes.json"), update)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), passed
}

func TestSizesMayOnlyImprove(t *testing.T) {
	dir := t.TempDir()
	if out, passed := runIn(t, dir, long(10), false); !passed {
		t.Fatal("a tree within every aim needs no record:\n", out)
	}
	if _, passed := runIn(t, dir, long(80), false); passed {
		t.Fatal("80 lines passed without a record")
	}
	if _, passed := runIn(t, dir, long(80), true); !passed {
		t.Fatal("-update failed")
	}
	if out, passed := runIn(t, dir, long(80), false); !passed {
		t.Fatal("80 lines, as recorded, failed:\n", out)
	}
	if out, passed := runIn(t, dir, long(75), false); !passed || !strings.Contains(out, "better") {
		t.Fatal("75 lines, recorded 80, failed:\n", out)
	}
	out, passed := runIn(t, dir, long(81), false)
	if want := fmt.Sprintf("%4d %s", 81, "a.go:f"); passed || !strings.Contains(out, "WORSE") || !strings.Contains(out, want) {
		t.Fatalf("81 lines, recorded 80: passed %v, want the blame %q in\n%s", passed, want, out)
	}
}

func TestUndocumentedNamesAreNamed(t *testing.T) {
	out, passed := runIn(t, t.TempDir(), "package p\n\nfunc Exported() {}\n", false)
	if passed || !strings.Contains(out, "without a comment: a.go:Exported") {
		t.Errorf("passed %v\n%s", passed, out)
	}
}

func TestBadRecordIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sizes.json")
	if err := os.WriteFile(file, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := run(&strings.Builder{}, planted.Tree(t, map[string]string{"a.go": long(3)}), file, false); err == nil {
		t.Error("no error")
	}
}
