// Proved by TestSessionOfAnotherNode and TestEventsOfAnotherNode.

package loop

import (
	"halley/bayeux/event"
	"halley/loop/bus"
	"halley/loop/sequence"
)

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
	// Congested tells whether too much waits to be brought to other nodes: publishes are refused then.
	Congested() bool
}

// spread brings an event of a channel that is not sequenced to other nodes, if there are any.
func (s *shared) spread(e event.Event) {
	if s.cfg.Cluster != nil {
		s.cfg.Cluster.Spread(e)
	}
}

// swamped tells whether more waits to be brought to other nodes than may wait.
func (s *shared) swamped() bool { return s.cfg.Cluster != nil && s.cfg.Cluster.Congested() }

// joinCluster has the link and the order of sequenced channels reach further than this server.
func (s *Server) joinCluster(local *bus.Local) {
	s.link, s.log = local, s.local
	if c := s.cfg.Cluster; c != nil {
		s.link, s.log = c.Link(local), c.Log(s.local)
	}
}

// Arrived brings events that were published on other nodes to the subscribers here, those of each channel in order. Of a
// sequenced channel it is this node's own order that they get a place in.
func (s *Server) Arrived(list []event.Event) {
	posts := make([][]event.Event, s.cfg.Loops)
	for _, e := range list {
		name := e.Channel()
		if b := s.rulesOf([]byte(name)); b.Sequenced() {
			s.local.Publish(e, b, func(error) {})
			continue
		}
		set := s.interest.Of(name)
		set.Each(func(loop uint16) { posts[loop] = append(posts[loop], e) })
	}
	for loop, events := range posts {
		if len(events) > 0 {
			s.reactors[loop].box.PostEvents(events)
		}
	}
}
