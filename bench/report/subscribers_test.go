package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"halley/bench/hist"
)

// Runs of one server with different numbers of subscribers make a line for the middle and one for the slow ones; rounds of the
// same number count by their median.
func TestLatencyAgainstSubscribers(t *testing.T) {
	var runs []*Run
	add := func(label string, subscribers int, millis int64) {
		r := sampleRun()
		r.Label, r.Plan.Subscribers, r.Result.Latency = label, subscribers, hist.New()
		r.Result.Latency.Record(millis * 1e6)
		runs = append(runs, r)
	}
	for round := range int64(3) {
		add("floor", 2000, 20+round)
		add("halley", 2000, 30+round)
		add("halley", 10_000, 90+10*round)
	}
	got := ""
	for _, line := range bySubscribers(runs) {
		got += fmt.Sprintf("%s:", line.label)
		for _, p := range line.points {
			got += fmt.Sprintf(" %v %.0f", p.X, p.Y)
		}
		got += "\n"
	}
	if want := "halley, p50: 2000 31 10000 100\nhalley, p99.9: 2000 31 10000 100\n"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	dir := t.TempDir()
	if err := WriteSVG(dir, runs); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "subscribers.svg")); err != nil || !strings.Contains(string(text), "halley, p99.9") {
		t.Errorf("%.40s %v", text, err)
	}
	var page strings.Builder
	if err := HTML(&page, runs); err != nil || !strings.Contains(page.String(), "Latency against subscribers") {
		t.Error(err)
	}
}
