package run

import (
	"os"
	"strings"
	"testing"
	"time"

	"halley/bench/faulty"
)

// twice are two URLs of one server, which stands for a cluster: what comes to either is there for both.
func twice(server *faulty.Server) []string {
	return []string{server.URL(), strings.Replace(server.URL(), "127.0.0.1", "localhost", 1)}
}

// Subscribers are spread over the nodes, and each message must reach them all, whoever publishes where.
func TestSeveralNodes(t *testing.T) {
	server := faulty.Start(200*time.Millisecond, faulty.Faults{})
	defer server.Close()
	for name, change := range map[string]func(*Options){
		"Bayeux publishers":  func(o *Options) {},
		"internal listeners": func(o *Options) { o.PublishURLs = []string{server.PublishURL(), server.PublishURL()} },
		"several processes":  func(o *Options) { o.PIDs = []int{os.Getpid(), os.Getppid()} },
		"many channels": func(o *Options) {
			o.Scenario, o.Channel, o.Symbols, o.Follow, o.Publishers = "ticker", "/bench/{symbol}", 4, 4, 2
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := sampleOptions("fanout")
			o.URLs, o.Subscribers = twice(server), 21
			change(&o)
			r, err := Run(t.Context(), o, &watcher{})
			if err != nil || r.Fault != "" {
				t.Fatalf("%v %s", err, r.Fault)
			}
			nodes := r.Result.Nodes
			if len(nodes) != 2 || nodes[0].Counts.Delivered != 11*r.Expected/21 || nodes[1].Counts.Delivered != 10*r.Expected/21 ||
				nodes[0].Latency.Count() != nodes[0].Counts.Delivered {
				t.Errorf("%+v of %d", nodes, r.Expected)
			}
			if p := r.Phases[len(r.Phases)-1]; len(p.NodesAfter) != len(o.PIDs) {
				t.Errorf("%d processes are watched", len(p.NodesAfter))
			}
		})
	}
}

// Two servers that know nothing of each other are no cluster, and the report says whose subscribers lack what.
func TestNodesWithoutACluster(t *testing.T) {
	one, other := faulty.Start(200*time.Millisecond, faulty.Faults{}), faulty.Start(200*time.Millisecond, faulty.Faults{})
	defer one.Close()
	defer other.Close()
	o := sampleOptions("fanout")
	o.URLs, o.Drain = []string{one.URL(), other.URL()}, 300*time.Millisecond
	r, err := Run(t.Context(), o, &watcher{})
	if err != nil || !strings.Contains(r.Fault, "50 lost") {
		t.Fatalf("%v %s", err, r.Fault)
	}
	if n := r.Result.Nodes; n[0].Counts.Lost != 0 || n[0].Counts.Delivered != 50 || n[1].Counts.Lost != 50 || n[1].Counts.Delivered != 0 {
		t.Errorf("%+v", n)
	}
}
