// Proved by TestSessionOfAnotherNode, TestEventsOfAnotherNode, TestPublishHere and TestTooLargeForOtherNodes.

package loop

import (
	"fmt"

	"halley/bayeux/event"
	"halley/loop/interest"
	"halley/loop/sequence"
)

// spread brings an event of a channel that is not sequenced to other nodes, if there are any.
func (s *shared) spread(e event.Event) {
	if s.cfg.Cluster != nil {
		s.cfg.Cluster.Spread(e)
	}
}

// join has a subscription joined by what is remembered, once other nodes know of it.
func (s *shared) join(q sequence.Query) {
	if s.cfg.Cluster == nil {
		s.log.Recall(q)
		return
	}
	patterns := make([]string, len(q.Wanted))
	for i, w := range q.Wanted {
		patterns[i] = w.Pattern
	}
	s.cfg.Cluster.Await(patterns, func() { s.log.Recall(q) })
}

// swamped tells whether more waits to be brought to other nodes than may wait.
func (s *shared) swamped() bool { return s.cfg.Cluster != nil && s.cfg.Cluster.Congested() }

// tooWide tells whether so many more patterns with wildcards are more than other nodes are to know of.
func (s *shared) tooWide(wildcards int) bool {
	return s.cfg.Cluster != nil && wildcards > s.cfg.Cluster.MoreWildcards()
}

// fitsWire tells whether a message with so much of channel and data can go to other nodes, if there are any.
func (s *shared) fitsWire(size int) bool {
	return s.cfg.Cluster == nil || size+eventExtra <= s.cfg.Cluster.Most()
}

// eventExtra is more than an event has beside its channel and data: fields, a time, the servers that it has passed.
const eventExtra = 1024

// checkWire checks that what clients may publish can go to other nodes.
func checkWire(cfg *Config) error {
	if cfg.Cluster == nil {
		return nil
	}
	if most := cfg.Cluster.Most() - eventExtra; cfg.MaxMessage > most {
		return fmt.Errorf("--max-message: at most %d bytes in a cluster whose messages have %d at most", most, cfg.Cluster.Most())
	}
	return nil
}

// Busy tells whether more waits for the event loops than should.
func (s *Server) Busy() bool { return s.congested.Load() > 0 }

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
