package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// project is a root with the sample list and documents that are made of it.
func project(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, listFile), sampleList)
	write(t, filepath.Join(root, "scripts/figures/blocks/costs.md"), "| CPU | {cpu} | {ratio~} |\n| pause | {pause} | {alone~} |\n{words:nofile} {record:cpu}\n")
	for _, name := range documents() {
		write(t, filepath.Join(root, name), "Before.\n\n<!-- figures: costs -->\nold\n<!-- end of figures -->\n\nAfter.\n")
	}
	return root
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDocumentsAreMade(t *testing.T) {
	root := project(t)
	if err := execute([]string{"--root", root, "documents"}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	want := "Before.\n\n<!-- figures: costs -->\n| CPU | 20 µs | 1.20 × (1.10 to 1.25) |\n| pause | 2 ms | 12,345 |\nopen files: hard limit of this process. " +
		"Each connection is an open file. Beyond the limit clients are answered 503. old\n<!-- end of figures -->\n\nAfter.\n"
	for _, name := range documents() {
		if got := read(t, filepath.Join(root, name)); got != want {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	root, dir := project(t), sampleRun(t)
	var out bytes.Buffer
	if err := execute([]string{"--root", root, "compare", dir}, &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if !strings.HasPrefix(lines[1], "cpu ") || !strings.Contains(lines[1], "19 µs to 21 µs") || !strings.Contains(lines[1], "outside") {
		t.Error(lines[1])
	}
	if strings.Contains(lines[2], "outside") || !strings.Contains(out.String(), "not measured: their steps were left out: alone\n\n3 figures, 1 of them outside the spread of the list\n") {
		t.Error(out.String())
	}
}

func TestUpdate(t *testing.T) {
	root, dir := project(t), sampleRun(t)
	write(t, filepath.Join(dir, "summary.txt"), "a machine")
	write(t, filepath.Join(dir, "latency.svg"), "<svg/>")
	var out bytes.Buffer
	if err := execute([]string{"--root", root, "update", dir, "--record", "2026-full"}, &out); err != nil {
		t.Fatal(err)
	}
	if out.String() != "not measured: their steps were left out: alone\n" {
		t.Error(out.String())
	}
	got := read(t, filepath.Join(root, listFile))
	for _, want := range []string{"per delivery,ns,23000,22000,24000,3,2026-full\n", "alone,other,samples > alone,n,12345,12345,12345,1,old\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if text := read(t, filepath.Join(root, "TUNING.md")); !strings.Contains(text, "| CPU | 23 µs |") {
		t.Error(text)
	}
	for name, want := range map[string]string{"summary.txt": "a machine", "latency.svg": "<svg/>"} {
		if got := read(t, filepath.Join(root, "bench/results/2026-full", name)); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestUpdateByAFurtherRun(t *testing.T) {
	root, dir := project(t), sampleRun(t)
	if err := execute([]string{"--root", root, "update", dir, "--record", "2026-full", "--widen"}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	got := read(t, filepath.Join(root, listFile))
	if want := "per delivery,ns,23000,19000,24000,6,2026-full\n"; !strings.Contains(got, want) {
		t.Errorf("no %q in %s", want, got)
	}
}

func TestCommandsThatFail(t *testing.T) {
	dir := sampleRun(t)
	for want, spoil := range map[string]func(root string){
		"csv: no such file":       func(root string) { os.Remove(filepath.Join(root, listFile)) },
		"TUNING.md: no such file": func(root string) { os.Remove(filepath.Join(root, "TUNING.md")) },
		"costs.md: no such file":  func(root string) { os.RemoveAll(filepath.Join(root, "scripts")) },
		"the list has no nothing": func(root string) { write(t, filepath.Join(root, "scripts/figures/blocks/costs.md"), "{nothing}") },
		"has no words for net.nothing": func(root string) {
			write(t, filepath.Join(root, "scripts/figures/blocks/costs.md"), "{words:net.nothing}")
		},
	} {
		root := project(t)
		spoil(root)
		if err := execute([]string{"--root", root, "update", dir, "--record", "new"}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	root := project(t)
	os.Remove(filepath.Join(root, listFile))
	bad := t.TempDir()
	write(t, filepath.Join(bad, "samples-a"), "x")
	for _, args := range [][]string{
		{"--root", root, "compare", dir}, {"--root", root, "documents"}, {"compare"}, {"compare", "/nowhere"}, {"update", dir},
		{"--root", project(t), "compare", bad}, {"--root", project(t), "update", bad, "--record", "new"},
		{"--root", project(t), "update", dir, "--record", "../../bench/figures.csv"},
	} {
		if err := execute(args, &bytes.Buffer{}); err == nil {
			t.Errorf("%q succeeds", args)
		}
	}
}
