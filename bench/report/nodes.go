// Proved by TestNodes and TestNodesWithoutProcesses.

package report

import (
	"fmt"
	"strings"

	"halley/bench/client"
	"halley/bench/cost"
)

// nodes are the figures by node, of a run with several.
func (f *figures) nodes(r *Run) {
	for i, n := range r.Result.Nodes {
		group := nodeName(r, i)
		f.add(group, "delivered", Count, float64(n.Counts.Delivered), Neutral)
		f.add(group, "lost", Count, float64(n.Counts.Lost), Lower)
		f.other(group, "conflated away", n.Counts.Conflated)
		f.other(group, "dropped, as the server told", n.Counts.Dropped)
		f.some(group, "last messages not held", n.Counts.Behind)
		f.some(group, "duplicates", n.Counts.Duplicates)
		f.some(group, "reordered", n.Counts.Reordered)
		f.some(group, "strays", n.Counts.Strays)
		if n.Latency.Count() > 0 {
			f.add(group, "latency, p50", Nanos, float64(n.Latency.Percentile(50)), Lower)
			f.add(group, "latency, p99", Nanos, float64(n.Latency.Percentile(99)), Lower)
		}
		f.nodeCost(group, r, i, n)
	}
}

// nodeCost is what a node has spent, if as many processes are watched as there are nodes.
func (f *figures) nodeCost(group string, r *Run, i int, n client.Node) {
	p := r.phase(PhasePublish)
	if p == nil || len(p.NodesBefore) != len(r.Result.Nodes) || len(p.NodesAfter) != len(r.Result.Nodes) {
		return
	}
	before, after := p.NodesBefore[i], p.NodesAfter[i]
	if n.Counts.Delivered > 0 {
		f.add(group, "CPU per delivery", Nanos, float64(cost.CPU(before, after))/float64(n.Counts.Delivered), Lower)
	}
	f.add(group, "RSS", Bytes, float64(after.RSS), Lower)
}

// nodeName is how a node's figures are headed: by its number and address.
func nodeName(r *Run, i int) string {
	if i >= len(r.URLs) {
		return fmt.Sprintf("node %d", i+1)
	}
	_, address, _ := strings.Cut(r.URLs[i], "://")
	address, _, _ = strings.Cut(address, "/")
	return fmt.Sprintf("node %d, %s", i+1, address)
}
