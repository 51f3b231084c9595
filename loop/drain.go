package loop

import (
	"context"
	"time"
)

const (
	drainBatch = 256 // held polls that a loop answers before it looks at its sockets
	drainPoll  = 50 * time.Millisecond
)

// drainWhenDone drains and stops the engine when ctx is done. It returns at once
// if the engine has ended on its own.
func (s *Server) drainWhenDone(ctx context.Context, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	select {
	case <-ended:
		return
	case <-s.booted:
	}
	s.ready.Store(false)
	s.drain()
	s.stopEngine()
}

// drain answers all held polls with advice that spreads their return over the
// drain window and ends the streams, then closes the websockets, and waits until
// all that has left or the window is over.
func (s *Server) drain() {
	if s.cfg.DrainTimeout == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTimeout)
	defer cancel()
	window := s.cfg.DrainTimeout.Milliseconds()
	s.untilQuiet(ctx, func(r *reactor) (more bool) {
		more = r.core.Drain(r.now(), window, drainBatch, &r.fx)
		r.perform()
		r.goOn()
		return more
	})
	closed := make([]uint32, len(s.reactors)) // each loop's first slots
	s.untilQuiet(ctx, func(r *reactor) (more bool) {
		closed[r.id], more = r.closeSockets(closed[r.id], drainBatch)
		return more
	})
	s.untilQuiet(ctx, func(r *reactor) bool { return len(r.slow) > 0 })
}

// untilQuiet visits the loops until nothing is left for pass to do. Visits may
// have posted to loops that were visited before: it is over with the second quiet
// round.
func (s *Server) untilQuiet(ctx context.Context, pass func(*reactor) (more bool)) {
	for quiet := 0; quiet < 2 && ctx.Err() == nil; {
		quiet++
		err := s.visit(ctx, func(r *reactor) {
			if pass(r) {
				quiet = 0
			}
		})
		if err != nil {
			return
		}
		if quiet == 0 {
			time.Sleep(drainPoll)
		}
	}
}

// visit runs call on every loop, one after the other, and waits for each.
func (s *Server) visit(ctx context.Context, call func(*reactor)) error {
	for _, r := range *s.bound.Load() {
		done := make(chan struct{})
		s.post(r.id, entry{kind: entryCall, call: func(r *reactor) {
			defer close(done)
			call(r)
		}}, nil)
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
