package main

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	f := parse([]byte("# HELP a text\n# TYPE a counter\na 5\nb{loop=\"0\"} 1\nb{loop=\"1\"} 2.5e+01\nnonsense\n"))
	for name, want := range map[string]float64{"a": 5, `b{loop="0"}`: 1, `b{loop="1"}`: 25, "b": 25} {
		if f[name] != want {
			t.Errorf("%s is %v, want %v", name, f[name], want)
		}
	}
	if len(f) != 4 {
		t.Errorf("%v", f)
	}
}

func TestNames(t *testing.T) {
	seen := make(map[string]bool)
	for _, a := range new(options).adversaries() {
		if a.name == "" || a.what == "" || a.attack == nil || seen[a.name] {
			t.Errorf("%+v", a)
		}
		seen[a.name] = true
	}
	if _, err := choose(new(options).adversaries(), []string{"nobody"}); err == nil {
		t.Error("an adversary that there is not was found")
	}
	if got, err := choose(new(options).adversaries(), []string{"never-reads"}); err != nil || len(got) != 1 {
		t.Errorf("%v %v", got, err)
	}
}

// What the server promises is judged by its own figures.
func TestJudge(t *testing.T) {
	good := report{last: figures{"halley_max_memory_bytes": 100 << 20, "halley_loop_longest_turn_messages": 10, "halley_loop_longest_turn_work": mostWork * turnWork},
		peaks: figures{"process_resident_memory_bytes": 100 << 20}}
	if good.judge(); len(good.faults) > 0 {
		t.Error(good.faults)
	}
	bad := report{last: figures{"halley_max_memory_bytes": 100 << 20, "halley_loop_longest_turn_messages": 10_000, "halley_loop_longest_turn_work": mostWork*turnWork + 1, "halley_panics_total": 1},
		peaks: figures{"process_resident_memory_bytes": 100<<20 + 1}}
	if bad.judge(); len(bad.faults) != 4 {
		t.Error(bad.faults)
	}
}

func TestFrame(t *testing.T) {
	for n, head := range map[int]int{1: 6, 125: 6, 126: 8, 65535: 8, 65536: 14} {
		if got := len(frame(padding(n)[:n])); got != head+n {
			t.Errorf("a frame of %d bytes has %d", n, got)
		}
	}
}

// What is printed has the resident memory against its limit, and the longest turn in units of work.
func TestPrint(t *testing.T) {
	r := report{names: []string{"a", "b"}, last: figures{"halley_max_memory_bytes": 100 << 20, "halley_loop_longest_turn_work": 12},
		peaks: figures{"process_resident_memory_bytes": 90 << 20}}
	var text strings.Builder
	r.print(&text)
	for _, want := range []string{"ok    a, b\n", "12 units of work", "resident 90 of 100 MiB"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in %s", want, text.String())
		}
	}
}
