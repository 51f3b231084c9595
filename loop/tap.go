// Proved by TestTap, TestGapIsTold and TestPassedOn.

package loop

import (
	"context"

	"halley/bayeux/event"
	"halley/loop/hops"
)

// Tap is told of each event that is published here, by whomever: once, those of a sequenced channel in its order, and those
// of one publisher in the order in which they came. It must be quick, and not wait.
type Tap interface {
	Offer(e event.Event)
}

// tapped has the tap see an event, if there is one.
func (s *shared) tapped(e event.Event) {
	if s.cfg.Tap != nil {
		s.cfg.Tap.Offer(e)
	}
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
