// Proved by TestTap and TestEventsOfAnotherNode.

package loop

import (
	"halley/bayeux/event"
	"halley/loop/bus"
	"halley/loop/sequence"
)

// Tap is told of each event that is published here, by whomever: once, those of a sequenced channel in its order, and those
// of one publisher in the order in which they came. It must be quick, and not wait.
type Tap interface {
	Offer(e event.Event)
}

// Cluster joins this server to others, the nodes of one cluster. Its methods may be called from any goroutine.
type Cluster interface {
	// Node is the number of this server among the nodes.
	Node() uint16
	// Link returns the way to the loops of all nodes, of which local is that to the loops of this one.
	Link(local *bus.Local) bus.Link
	// Log returns the order of sequenced channels as the cluster keeps it, of which local is what this node keeps.
	Log(local *sequence.Local) sequence.Log
	// Spread brings an event of a channel that is not sequenced, published here, to the other nodes, in the order of the calls. It
	// does not wait.
	Spread(e event.Event)
	// Await has then called, here or from another goroutine, when what is published on other nodes from now on comes to the
	// subscribers of some patterns here. It takes a second at the most. Then must not wait.
	Await(patterns []string, then func())
	// Most is how many bytes an event may have, for it to go to the other nodes.
	Most() int
	// Congested tells whether too much waits to be brought to other nodes: publishes are refused then.
	Congested() bool
	// MoreWildcards is how many more patterns with wildcards may be subscribed to here.
	MoreWildcards() int
}
