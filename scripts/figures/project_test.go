package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"halley/bench/preflight"
	"halley/cmd/halley/config"
)

// root is that of the project.
const root = "../.."

// blocks are the texts that the parts of the documents are made from, by name.
func blocks(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("blocks/*.md")
	if err != nil || len(paths) < 5 {
		t.Fatal(paths, err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		texts[strings.TrimSuffix(filepath.Base(path), ".md")] = read(t, path)
	}
	return texts
}

// The documents say what the list says: go run ./scripts/figures documents.
func TestDocumentsOfTheProject(t *testing.T) {
	l, err := readList(filepath.Join(root, listFile))
	if err != nil {
		t.Fatal(err)
	}
	unused := blocks(t)
	for _, name := range documents() {
		text := read(t, filepath.Join(root, name))
		if made, err := made(root, text, l); err != nil || made != text {
			t.Errorf("%s is not made of the list: go run ./scripts/figures documents (%v)", name, err)
		}
		for _, found := range block.FindAllStringSubmatch(text, -1) {
			delete(unused, found[1])
		}
		if strings.Count(text, "<!-- figures: ") != len(block.FindAllString(text, -1)) {
			t.Errorf("%s has a part that does not end", name)
		}
	}
	if len(unused) > 0 {
		t.Errorf("no document has %v", unused)
	}
}

// Each figure of the list is told somewhere, has a step that measures it and a folder that tells of its run.
func TestListOfTheProject(t *testing.T) {
	l, err := readList(filepath.Join(root, listFile))
	if err != nil || len(l) < 100 {
		t.Fatal(len(l), err)
	}
	steps, told := read(t, filepath.Join(root, "scripts/bench-full")), ""
	for _, text := range blocks(t) {
		told += text
	}
	for _, f := range l {
		if !strings.Contains(steps, "\nstep_"+f.Step+"() {") {
			t.Errorf("%s: there is no step %s", f.Name, f.Step)
		}
		if !strings.Contains(told, "{"+f.Name+"}") && !strings.Contains(told, "{"+f.Name+"~}") {
			t.Errorf("%s is told nowhere", f.Name)
		}
		if _, err := os.Stat(filepath.Join(root, "bench/results", f.Record, "summary.txt")); err != nil {
			t.Errorf("%s: nothing tells of its run: %v", f.Name, err)
		}
	}
}

// What is measured comes from the list, in the parts that are made of it and beside them.
func TestNoFigureStandsByItself(t *testing.T) {
	figure := regexp.MustCompile(`[0-9] ?(µs|ns|ms|×)([^0-9a-z]|$)`)
	for name, text := range blocks(t) {
		for line := range strings.Lines(place.ReplaceAllString(text, "")) {
			if figure.MatchString(line) && !strings.Contains(line, "at 60×") && !strings.Contains(line, "at 600×") && !strings.Contains(line, "interval 500ms") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
	micro := regexp.MustCompile(`[0-9] ?µs`)
	for _, name := range documents() {
		text := block.ReplaceAllString(read(t, filepath.Join(root, name)), "")
		text = regexp.MustCompile("(?s)<!-- scripts/rivals writes from here -->.*?<!-- to here -->").ReplaceAllString(text, "") // of a list of its own
		text = regexp.MustCompile("(?ms)^```.*?^```").ReplaceAllString(text, "")
		for line := range strings.Lines(text) {
			if micro.MatchString(line) {
				t.Errorf("%s: a figure that is not of the list: %s", name, line)
			}
		}
	}
}

// The guide has the words of halley doctor, of each setting.
func TestGuideHasTheWordsOfTheDoctor(t *testing.T) {
	guide := read(t, filepath.Join(root, "TUNING.md"))
	for _, setting := range preflight.Settings() {
		if words, _ := preflight.Words(setting); !strings.Contains(guide, words) {
			t.Errorf("TUNING.md does not say of %s: %s", setting, words)
		}
	}
	for _, a := range config.Advised() {
		if !strings.Contains(guide, "| `"+a.Flag) || !strings.Contains(guide, "| "+a.When+" |") {
			t.Errorf("TUNING.md does not say of %s: %s", a.Flag, a.When)
		}
	}
}

// What measures for most of an hour has no slip of the pen at its end.
func TestScriptsCanBeRead(t *testing.T) {
	for _, name := range []string{"bench", "bench-full", "bench-ticker", "bench-steering", "soak"} {
		if out, err := exec.Command("bash", "-n", filepath.Join(root, "scripts", name)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
