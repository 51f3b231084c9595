// Proved by TestTwoNodes.

package cluster

import (
	"slices"
	"time"

	"halley/loop/cluster/nodes"
	"halley/loop/metric"
)

// Status is what people are told of a node and of the others that it knows.
type Status struct {
	Name      string // of the cluster
	Node      uint16
	Address   string // of the node
	Connected bool   // to NATS
	Nodes     []nodes.Node
	Now       time.Duration      // by the clock of Nodes.Heard
	Figures   map[string]float64 // by the names of the metrics; those with a label are added up
}

// Status is that of now.
func (c *Cluster) Status() Status {
	s := Status{
		Name: c.settings.NATS.Name, Node: c.Node(), Address: c.options.Address, Connected: c.wire.Up(),
		Nodes: slices.Clone(c.nodes.All()), Now: c.nodes.Now(), Figures: make(map[string]float64),
	}
	f := c.Figures()
	metric.Each(&f, func(m metric.Metric, _ string, value float64) { s.Figures[m.Name] += value })
	return s
}
