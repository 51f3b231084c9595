package report

import (
	"bytes"
	"strings"
	"testing"

	"halley/bench/client"
	"halley/bench/cost"
	"halley/bench/hist"
	"halley/bench/reconcile"
)

// Each node has its figures, under its address.
func TestNodes(t *testing.T) {
	r := sampleRun()
	r.URLs = []string{"http://127.0.0.2:8080/bayeux", "http://127.0.0.3:8080/bayeux"}
	r.Plan.Nodes = 2
	for i := range 2 {
		latency := hist.New()
		latency.Record(int64(i+1) * 1e6)
		r.Result.Nodes = append(r.Result.Nodes, client.Node{Counts: reconcile.Counts{Delivered: 500, Duplicates: int64(i)}, Latency: latency})
	}
	p := &r.Phases[2]
	p.NodesBefore = []cost.Sample{{Exec: 1e6}, {Exec: 2e6}}
	p.NodesAfter = []cost.Sample{{Exec: 6e6, RSS: 1e6}, {Exec: 12e6, RSS: 2e6}}
	for group, want := range map[string]map[string]float64{
		"node 1, 127.0.0.2:8080": {"delivered": 500, "lost": 0, "latency, p99": 1e6, "CPU per delivery": 10e3, "RSS": 1e6},
		"node 2, 127.0.0.3:8080": {"delivered": 500, "duplicates": 1, "latency, p50": 2e6, "CPU per delivery": 20e3, "RSS": 2e6},
	} {
		for name, value := range want {
			if got, ok := r.Figure(group, name); !ok || got < value*0.999 || got > value*1.001 {
				t.Errorf("%s, %s: %v %v, want %v", group, name, got, ok, value)
			}
		}
	}
	var out bytes.Buffer
	if err := r.Text(&out); err != nil || !strings.Contains(out.String(), ", 2 nodes") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// What is not known of a node is left out: its address, its process.
func TestNodesWithoutProcesses(t *testing.T) {
	r := sampleRun()
	r.Result.Nodes = []client.Node{{Latency: hist.New()}, {Latency: hist.New()}}
	r.Phases[2].NodesBefore = []cost.Sample{{}}
	if _, ok := r.Figure("node 2", "lost"); !ok {
		t.Error("a node without an address has no figures")
	}
	for _, name := range []string{"CPU per delivery", "RSS", "latency, p50"} {
		if _, ok := r.Figure("node 2", name); ok {
			t.Errorf("there is %s of a process that is not watched", name)
		}
	}
}
