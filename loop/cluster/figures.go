// Proved by TestTwoNodes.

package cluster

import (
	"halley/loop/cluster/link"
	"halley/loop/cluster/nats"
	"halley/loop/cluster/nodes"
	"halley/loop/cluster/order"
	"halley/loop/cluster/spread"
)

// Figures are those of all parts.
type Figures struct {
	Wire   nats.Figures
	Nodes  nodes.Figures
	Link   link.Figures
	Spread spread.Figures
	Order  order.Figures
}

// Figures are those of now.
func (c *Cluster) Figures() Figures {
	return Figures{Wire: c.wire.Figures(), Nodes: c.nodes.Figures(), Link: c.link.Figures(), Spread: c.spread.Figures(), Order: c.order.Figures()}
}
