//go:build autobahn

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The Autobahn test suite finds nothing to complain about, strictly. The program
// is wstest, or what WSTEST names (pip install autobahntestsuite, Python 2.7):
//
//	go test -tags autobahn -run Autobahn -v ./scripts/wsecho
func TestAutobahn(t *testing.T) {
	wstest := os.Getenv("WSTEST")
	if wstest == "" {
		wstest = "wstest"
	}
	work := t.TempDir()
	spec, err := json.Marshal(map[string]any{
		"outdir":              filepath.Join(work, "reports"),
		"servers":             []any{map[string]string{"agent": "halley", "url": "ws://" + start(t)}},
		"cases":               []string{"1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"},
		"exclude-cases":       []string{},
		"exclude-agent-cases": map[string]any{},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(work, "spec.json")
	if err := os.WriteFile(file, spec, 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command(wstest, "-m", "fuzzingclient", "-s", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	report, err := os.ReadFile(filepath.Join(work, "reports", "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var results map[string]map[string]struct{ Behavior, BehaviorClose string }
	if err := json.Unmarshal(report, &results); err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]int)
	for name, result := range results["halley"] {
		counts[result.Behavior]++
		for _, word := range []string{result.Behavior, result.BehaviorClose} {
			if word != "OK" && word != "INFORMATIONAL" {
				t.Errorf("case %s: %s", name, word)
			}
		}
	}
	if len(results["halley"]) < 240 {
		t.Errorf("%d cases only", len(results["halley"]))
	}
	fmt.Println("Autobahn:", counts)
}
