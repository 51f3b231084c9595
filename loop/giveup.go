package loop

// Proved by TestMemoryIsShort, TestMemoryStaysShort and TestMemoryIsShortAndSessionsEnd.

import (
	"context"
	"slices"

	"halley/loop/sequence"
)

// shedder has the loops give up what waits, and the log what is remembered, when memory is short.
type shedder struct {
	loops *loops
	local *sequence.Local
}

const (
	shedBatch = 20_000  // sessions, connections and events that a loop gives up or looks at before it looks at its sockets
	keepAway  = 1 << 10 // bytes that are left at last to a session whose client is away: it may be between two polls
)

// giveUp does what a strain asks for on every loop, in turns.
func (s *shedder) giveUp(ctx context.Context, p strain) {
	switch p {
	case sheddingAway:
		s.shed(ctx, true, keepSlow)
	case sheddingSlow:
		s.loops.inParts(ctx, func(r *reactor, from uint32) (uint32, bool) { return r.input.closeStuck(from, shedBatch) })
		s.shed(ctx, false, keepSlow)
	case sheddingHistory:
		s.shed(ctx, true, keepAway)
		s.local.ForgetHalf()
	case endingSessions:
		s.endSubscribers(ctx)
	}
}

// shed has every loop give up what waits for sessions.
func (s *shedder) shed(ctx context.Context, away bool, least int) {
	s.loops.inParts(ctx, func(r *reactor, from uint32) (uint32, bool) { return r.core.Shed(from, away, least, shedBatch) })
}

// endSubscribers ends the sessions with the most subscriptions: it finds out how many
// these are first.
func (s *shedder) endSubscribers(ctx context.Context) {
	byLoop := make([]int, len(s.loops.reactors))
	s.loops.inParts(ctx, func(r *reactor, from uint32) (uint32, bool) {
		n, next, more := r.core.MostSubscriptions(from, shedBatch)
		byLoop[r.id] = max(byLoop[r.id], n)
		return next, more
	})
	if ctx.Err() != nil {
		return
	}
	most := slices.Max(byLoop)
	s.loops.inParts(ctx, func(r *reactor, from uint32) (uint32, bool) { return r.core.EndSubscribers(from, most, shedBatch) })
}
