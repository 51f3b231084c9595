// Proved by TestTap, TestGapIsTold, TestPassedOn and TestPassedOnToNodes.

package loop

import (
	"context"
	"fmt"

	"halley/bayeux/event"
	"halley/bayeux/rules"
	"halley/loop/hops"
)

// tapped has the tap see an event, if there is one.
func (s *shared) tapped(e event.Event) {
	if s.cfg.Tap != nil {
		s.cfg.Tap.Offer(e)
	}
}

// pass publishes an event that came by other servers, unless it has been here. Of a message that comes by two ways, on two loops,
// the ways overtake each other: it takes its place among the others where it is admitted, under one lock.
func (s *shared) pass(e event.Event, stored func(error)) {
	data, trail, _ := e.Passed()
	name := e.Channel()
	s.passing.Lock()
	defer s.passing.Unlock()
	if !s.cfg.Hops.Admit(trail, []byte(name), data) {
		stored(nil)
		return
	}
	if b := s.rulesOf([]byte(name)); b.Sequenced() {
		s.order(e, b, trail, func(err error) {
			if err != nil { // it may come again
				s.cfg.Hops.Forget(trail, []byte(name), data)
			}
			stored(err)
		})
		return
	}
	s.publishTo(s.interest.Of(name), e)
	s.relay(e)
	s.spread(e)
	s.tapped(e)
	stored(nil)
}

// order publishes an event of a sequenced channel that came by other servers. It may come to another node of the cluster, too: where
// all nodes have one order it has its place there once, if it is numbered.
func (s *shared) order(e event.Event, b rules.Behaviour, trail event.Trail, stored func(error)) {
	if s.cfg.Cluster == nil || !b.History || trail.Origin == "" {
		s.log.Publish(e, b, stored)
		return
	}
	data, _, _ := e.Passed()
	key := fmt.Sprintf("%s %d %s %s", trail.Origin, trail.Number, e.Channel(), data)
	s.log.PublishTogether([]event.Event{e}, []string{key}, stored)
}

// Hops is this server among those that pass messages on to each other.
func (s *Server) Hops() *hops.Node { return s.cfg.Hops }

// Trouble notes that a part of the program cannot do its job, and why, so that the server is not ready; with an empty why that it
// can again.
func (s *Server) Trouble(part, why string) { s.health.trouble(part, why) }

// missedBatch is how many sessions and subscriptions a loop looks at in a turn.
const missedBatch = 20_000

// TellMissed has the subscribers of what is of a pattern be told that messages of it may not have come.
func (s *Server) TellMissed(ctx context.Context, pattern string) {
	s.inParts(ctx, func(r *reactor, from uint32) (uint32, bool) { return r.core.Missed(from, pattern, missedBatch) })
}
