// Proved by TestSessionOfAnotherNode, TestEventsOfAnotherNode and TestPublishHere.

package loop

import (
	"halley/bayeux/event"
	"halley/loop/interest"
)

// spread brings an event of a channel that is not sequenced to other nodes, if there are any.
func (s *shared) spread(e event.Event) {
	if s.cfg.Cluster != nil {
		s.cfg.Cluster.Spread(e)
	}
}

// swamped tells whether more waits to be brought to other nodes than may wait.
func (s *shared) swamped() bool { return s.cfg.Cluster != nil && s.cfg.Cluster.Congested() }

// Arrived brings events that were published on other nodes to the subscribers here, those of each channel in order. Of a
// sequenced channel it is this node's own order that they get a place in.
func (s *Server) Arrived(list []event.Event) {
	posts := make([][]event.Event, s.cfg.Loops)
	for _, e := range list {
		name := e.Channel()
		if b := s.rulesOf([]byte(name)); b.Sequenced() {
			s.local.Arrived(e, b)
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

// arrive brings an event that each node gets by itself to the subscribers here, of which set are the loops: into posts, or by the order
// of its channel.
func (pb *publisher) arrive(e event.Event, set interest.Loops, posts [][]event.Event) {
	name := []byte(e.Channel())
	if data, trail, _ := e.Passed(); !trail.IsZero() && !pb.cfg.Hops.Admit(trail, name, data) {
		return
	}
	if b := pb.rulesOf(name); b.Sequenced() {
		pb.local.Arrived(e, b)
		return
	}
	set.Each(func(loop uint16) { posts[loop] = append(posts[loop], e) })
}
