package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halley/bench/faulty"
	"halley/bench/wire"
)

// What is planned without any flag stands in bench/README.md.
func TestPlanOfTheReadme(t *testing.T) {
	stdout, stderr, status := bench(t, "plan")
	if status != 0 {
		t.Fatalf("status %d\n%s", status, stderr)
	}
	readme, err := os.ReadFile("../../bench/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(stdout) {
		if !strings.Contains(string(readme), line) {
			t.Errorf("bench/README.md does not have %q", line)
		}
	}
}

// Flags replace costs, and records those that their runs have measured.
func TestPlanFlags(t *testing.T) {
	stdout, _, status := bench(t, "plan", "--subscribers", "1000000", "--connection-type", "websocket", "--symbols", "1", "--follow", "1", "--updates", "5",
		"--interval", "1s", "--cores", "10", "--use", "0.5", "--delivery", "20us", "--held", "1us", "--user", "1000", "--kernel", "4000", "--base", "50")
	if status != 0 || !strings.Contains(stdout, "nodes  6, 5 of which are needed: CPU decides") {
		t.Errorf("status %d\n%s", status, stdout)
	}
	server := faulty.Start(time.Second, faulty.Faults{})
	defer server.Close()
	record := filepath.Join(t.TempDir(), "record.json")
	if _, stderr, status := bench(t, "fanout", "--subscribers", "20", "--messages", "2", "--rate", "100", "--settle", "0s", "-q", "--url", server.URL(), "--json", record); status != 0 {
		t.Fatal(stderr)
	}
	if stdout, _, status := bench(t, "plan", "--record", record); status != 0 || strings.Contains(stdout, "sends 209 bytes") {
		t.Errorf("status %d\n%s", status, stdout)
	}
}

func TestPlansThatCannotBe(t *testing.T) {
	for args, want := range map[string]int{
		"--follow 2 --symbols 1":    exitUsage,
		"--connection-type pigeon":  exitUsage,
		"--record /nowhere":         exitFailed,
		"--use 2":                   exitUsage,
		"--subscribers many":        exitUsage,
		"--updates 1000000 --use 1": exitUsage,
	} {
		if _, stderr, status := bench(t, append([]string{"plan"}, strings.Fields(args)...)...); status != want {
			t.Errorf("%s: status %d, want %d\n%s", args, status, want, stderr)
		}
	}
}

func TestPlanReachesTheArithmetic(t *testing.T) {
	c := parse(t, "plan", "--forwarded", "0.5", "--away", "2", "--memory", "2", "--network", "1", "--history", "--external").Plan
	if a := c.audience(wire.CallbackPolling); !a.Polls || a.Forwarded != 0.5 || a.Away != 2.0/3600 || !a.History || a.Subscribers != 10_000_000 {
		t.Errorf("%+v", a)
	}
	if n := c.node(); n.Memory != 2<<30 || n.Network != 125e6 || !n.External || n.Spare != 1 {
		t.Errorf("%+v", n)
	}
}
