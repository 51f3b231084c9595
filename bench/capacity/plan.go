package capacity

import (
	"fmt"
	"math"
	"time"
)

// Plan is what an audience needs. Rates are a second; what is of a node is with the spare ones missing.
type Plan struct {
	Nodes       int // with the spare ones
	Needed      int // without
	By          string
	Deliveries  float64 // of all nodes
	Published   float64
	Sent        float64 // bytes to subscribers
	PerNode     Share
	Bus         float64       // messages between the nodes, each for one node
	BusSent     float64       // bytes of them
	Memory      float64       // bytes of all nodes
	Reconnect   time.Duration // until the clients of a lost node are back, by the CPU that the others have left
	Assumptions []string
}

// Share is what falls to one node.
type Share struct {
	Subscribers float64
	Cores       float64 // in use
	Memory      float64 // bytes
	Sent        float64 // bytes to subscribers
	BusIn       float64 // messages
	BusOut      float64 // messages, each for one node
	BusSent     float64 // bytes
}

// limit is one thing that a node has so much of.
type limit struct {
	name string
	used func(Share) float64
	has  float64
}

func limits(c *Costs, n *Node) []limit {
	return []limit{
		{"CPU", func(s Share) float64 { return s.Cores }, float64(n.Cores) * n.Use},
		{"memory", func(s Share) float64 { return s.Memory }, n.Memory * n.Use},
		{"network", func(s Share) float64 { return s.Sent + s.BusSent }, n.Network * n.Use},
		{"open files", func(s Share) float64 { return s.Subscribers }, float64(n.Files - reservedFiles)},
	}
}

// maxNodes is the number above which the arithmetic says no more: the bus alone fills a node long before.
const maxNodes = 10_000

// Make works out the plan.
func Make(a Audience, c Costs, n Node) (*Plan, error) {
	if err := a.check(&c, &n); err != nil {
		return nil, err
	}
	p := &Plan{Deliveries: a.PerSubscriber() * float64(a.Subscribers), Published: a.Published()}
	p.Sent = p.Deliveries * (float64(a.Size) + c.Wire)
	p.Needed = 1
	for _, l := range limits(&c, &n) {
		nodes := p.Needed
		for l.used(a.share(&c, &n, nodes)) > l.has {
			if nodes++; nodes > maxNodes {
				return nil, fmt.Errorf("%w: more nodes do not help: what the nodes tell each other takes too much %s of each", ErrAudience, l.name)
			}
		}
		if p.By == "" || nodes > p.Needed {
			p.Needed, p.By = nodes, l.name
		}
	}
	p.Nodes = p.Needed + n.Spare
	p.PerNode = a.share(&c, &n, p.Needed)
	all := float64(p.Nodes)
	p.Bus = a.share(&c, &n, p.Nodes).BusIn * all
	p.BusSent = p.Bus * (float64(a.Size) + c.BusWire)
	p.Memory = float64(a.Subscribers)*(c.User+c.Kernel) + all*c.Base
	p.Reconnect = p.back(&a, &c, &n)
	p.Assumptions = a.assumptions(&c, &n, p)
	return p, nil
}

// share is what falls to each of so many nodes.
func (a *Audience) share(c *Costs, n *Node, nodes int) Share {
	all := float64(nodes)
	s := Share{Subscribers: float64(a.Subscribers) / all}
	deliveries := s.Subscribers * a.PerSubscriber()
	responses := deliveries / c.Responding
	published := a.Published() / all
	s.BusIn = published * (all - 1)
	s.BusOut = published * (all - 1)
	if n.External {
		s.BusOut = published
	}
	if nodes == 1 {
		s.BusIn, s.BusOut = 0, 0
	}
	cpu := responses*c.Delivery.Seconds() + s.Subscribers*(c.Held.Seconds()+a.Away*c.Reconnect.Seconds())
	cpu += published * c.Publish.Seconds()
	cpu += s.BusIn*c.BusIn.Seconds() + s.BusOut*c.BusOut.Seconds()
	if a.Polls && nodes > 1 {
		cpu += responses * a.Forwarded * c.Forward.Seconds()
	}
	if a.History {
		cpu += published * c.Stored.Seconds()
	}
	s.Cores = cpu
	s.Memory = c.Base + s.Subscribers*(c.User+c.Kernel)
	s.Sent = deliveries * (float64(a.Size) + c.Wire)
	s.BusSent = s.BusOut * (float64(a.Size) + c.BusWire)
	return s
}

// back is how long the others need for the clients of a node that is lost.
func (p *Plan) back(a *Audience, c *Costs, n *Node) time.Duration {
	others := p.Nodes - 1
	if others == 0 {
		return 0
	}
	left := float64(n.Cores) - a.share(c, n, others).Cores
	if left <= 0 {
		return time.Duration(math.MaxInt64)
	}
	lost := float64(a.Subscribers) / float64(p.Nodes)
	return time.Duration(lost * float64(c.Reconnect) / float64(others) / left)
}
