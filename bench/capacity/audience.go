// Package capacity works out what an audience needs: deliveries and bytes a second, nodes, memory, and what the nodes have to
// tell each other. It is arithmetic on measured costs; what it takes for granted is in the plan that it makes.
//
// Proved by TestWhatCannotBePlanned and TestWorkedExample.
package capacity

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Audience is who listens to what.
type Audience struct {
	Subscribers int
	Polls       bool          // by long-polling: each response costs the next request
	Symbols     int           // channels
	Follow      int           // of them each subscriber is subscribed to
	Updates     float64       // a second of each symbol
	Interval    time.Duration // conflation: at most one message of a symbol in so long; 0 brings every one
	Size        int           // bytes of data in a message
	History     bool          // the channels have a history, so each message goes through the stream of the cluster
	Forwarded   float64       // share of the polls that come to another node than their session's
	Away        float64       // reconnects a second of each subscriber, for reasons of its own
}

// Costs are what one node spends, as measured.
type Costs struct {
	Delivery   time.Duration // CPU of a delivery; of a poll with the next request
	Wire       float64       // bytes sent for a delivery, besides the data
	Publish    time.Duration // CPU of a publish, on the node that takes it
	Reconnect  time.Duration // CPU from dial to held
	Held       time.Duration // CPU a second of one held connection
	User       float64       // bytes of the process for a held connection
	Kernel     float64       // bytes of the kernel for it
	Base       float64       // bytes of a process with the cluster on, before anybody comes
	Forward    time.Duration // CPU of a forwarded poll, over both nodes
	BusIn      time.Duration // CPU of a message from another node
	BusOut     time.Duration // CPU of sending a message to one other node
	BusWire    float64       // bytes of a message between nodes, besides the data
	Stored     time.Duration // CPU of a message with history, over all nodes
	Responding float64       // deliveries in one response, at least 1
}

// Node is what one node has.
type Node struct {
	Cores    int
	Memory   float64 // bytes
	Network  float64 // bytes a second that it can send
	Files    int     // open files of the process
	Use      float64 // share of cores, memory and network that is planned with
	Spare    int     // nodes that may be missing
	External bool    // an external NATS server copies messages to the nodes, else each node sends to each other
}

// reservedFiles are kept back by the server for everything but connections.
const reservedFiles = 256

// ErrAudience says what cannot be planned for.
var ErrAudience = errors.New("plan")

func (a *Audience) check(c *Costs, n *Node) error {
	switch {
	case a.Subscribers < 1 || a.Symbols < 1 || a.Follow < 1 || a.Updates < 0 || a.Size < 0 || a.Interval < 0:
		return fmt.Errorf("%w: there must be subscribers, symbols and something to follow, and nothing below 0", ErrAudience)
	case a.Follow > a.Symbols:
		return fmt.Errorf("%w: a subscriber cannot follow %d of %d symbols", ErrAudience, a.Follow, a.Symbols)
	case a.Forwarded < 0 || a.Forwarded > 1 || n.Use <= 0 || n.Use > 1:
		return fmt.Errorf("%w: shares are between 0 and 1", ErrAudience)
	case n.Cores < 1 || n.Memory <= 0 || n.Network <= 0 || n.Files <= reservedFiles || n.Spare < 0:
		return fmt.Errorf("%w: a node needs cores, memory, a network and more than %d files", ErrAudience, reservedFiles)
	case c.Delivery <= 0 || c.User < 0 || c.Kernel < 0 || c.Responding < 1:
		return fmt.Errorf("%w: a delivery costs something, and a response has one at least", ErrAudience)
	}
	return nil
}

// PerSubscriber is how many messages a second reach one subscriber.
func (a *Audience) PerSubscriber() float64 {
	each := a.Updates
	if a.Interval > 0 {
		each = math.Min(each, 1/a.Interval.Seconds())
	}
	return each * float64(a.Follow)
}

// Published is how many messages a second are published.
func (a *Audience) Published() float64 { return a.Updates * float64(a.Symbols) }
