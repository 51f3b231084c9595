package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"halley/bench/client"
	"halley/bench/cost"
	"halley/bench/hist"
	"halley/bench/report"
)

// record writes what halley-bench would have recorded of a run of 1,000 deliveries at a cost.
func record(t *testing.T, dir, name string, nanos int64, fault string) {
	t.Helper()
	r := &report.Run{Scenario: "fanout", Fault: fault, Result: &client.Result{Latency: hist.New(), Lag: hist.New(), Ramp: hist.New(), Cycle: hist.New()}}
	r.Phases = []report.Phase{{
		Name: report.PhasePublish, To: 1e9, After: client.Progress{Published: 1, Delivered: 1000},
		ServerBefore: &cost.Sample{}, ServerAfter: &cost.Sample{User: nanos * 1000, Exec: nanos * 1000},
	}}
	if err := r.Save(filepath.Join(dir, name+".json")); err != nil {
		t.Fatal(err)
	}
}

// sampleRun is the folder of a run of three rounds.
func sampleRun(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for round, suffix := range []string{"", ".2", ".3"} {
		record(t, dir, "halley"+suffix, int64(22000+1000*round), "")
		record(t, dir, "floor"+suffix, 20000, "")
	}
	write(t, filepath.Join(dir, "samples-a"), "pause 4000000\npause 1500000\npause 2500000\nunheard 1\n")
	return dir
}

func sample(t *testing.T) list {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.csv")
	write(t, path, sampleList)
	l, err := readList(path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestMeasured(t *testing.T) {
	found, missing, err := measured(sampleRun(t), sample(t))
	if err != nil || missing.text() != "not measured: their steps were left out: alone\n" {
		t.Fatalf("%v %v", missing, err)
	}
	got := ""
	for _, f := range found {
		got += fmt.Sprintf("%s %s, %s, %d rounds\n", f.Name, f.text(), f.spread(), f.Rounds)
	}
	if want := "cpu 23 µs, 22 µs to 24 µs, 3 rounds\nratio 1.15 ×, 1.10 to 1.20, 3 rounds\npause 2.50 ms, 1.50 ms to 4 ms, 3 rounds\n"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// What one of the two has not measured is no ratio.
func TestRoundsWithoutACounterpart(t *testing.T) {
	dir := t.TempDir()
	record(t, dir, "halley", 30000, "")
	record(t, dir, "halley.2", 20000, "")
	record(t, dir, "floor", 20000, "")
	found, _, err := measured(dir, sample(t))
	if err != nil || found[1].Value != 1.5 || found[1].Rounds != 1 || found[0].Value != 25000 {
		t.Errorf("%+v %v", found, err)
	}
}

func TestRunsThatAreNoMeasurement(t *testing.T) {
	for want, spoil := range map[string]func(dir string){
		"halley.2.json failed: lost": func(dir string) { record(t, dir, "halley.2", 1, "lost 3") },
		"not a recorded run":         func(dir string) { write(t, filepath.Join(dir, "floor.json"), "{}") },
		"is no sample":               func(dir string) { write(t, filepath.Join(dir, "samples-a"), "pause long\n") },
		"has no server CPU": func(dir string) {
			r := &report.Run{Result: &client.Result{Latency: hist.New(), Lag: hist.New()}}
			if err := r.Save(filepath.Join(dir, "halley.json")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		dir := sampleRun(t)
		spoil(dir)
		_, missing, err := measured(dir, sample(t))
		if got := fmt.Sprint(missing, err); !strings.Contains(got, want) || strings.Contains(got, "pause") != (err != nil) {
			t.Errorf("%s, want %q", got, want)
		}
	}
	if _, _, err := measured(t.TempDir(), list{{From: "nowhere"}}); err == nil {
		t.Error("a place that is none is looked at")
	}
}
