// Proved by TestHistoryOfThreeNodes.

package cluster

import (
	"strconv"
	"time"

	"halley/loop/cluster/order"
	"halley/loop/cluster/subject"
)

// mostWindow is how long the stream knows repeats at most: each id takes some 280 bytes on each node that keeps it.
const mostWindow = 2 * time.Minute

// ofOrder are the options of the order that all nodes share.
func (c *Cluster) ofOrder() order.Options {
	return order.Options{
		Prefix: string(c.space), Node: strconv.FormatUint(c.nodes.Incarnation(), 36), Stream: "halley-" + c.settings.NATS.Name,
		Replicas: c.wire.Replicas, Memory: c.settings.NATS.InMemory(), Window: min(c.options.DedupWindow, mostWindow),
		Bytes: int64(c.options.HistoryBytes), Waiting: c.settings.NATS.Buffer / 2,
		Eldest: c.Eldest, Now: time.Now, Tokens: subject.Tokens, Log: c.options.Log,
		Trouble: func(why string) { c.tell(stream, why) },
		Missed:  c.spread.Missed,
	}
}

// tell makes the server unready for a reason, or ready again.
func (c *Cluster) tell(part, why string) {
	if c.server != nil {
		c.server.Trouble(part, why)
	}
}
