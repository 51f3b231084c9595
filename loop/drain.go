package loop

import (
	"context"
	"time"
)

const (
	drainPoll  = 50 * time.Millisecond
	drainLeast = 5 // clients that each loop lets go in a step, though the window leaves time for less
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

// drain answers the held polls and ends the streams and websockets, one after the
// other over three quarters of the drain window: their clients come back when they
// are let go. The rest of the window is for what is on its way to slow ones.
func (s *Server) drain() {
	if s.cfg.DrainTimeout == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTimeout)
	defer cancel()
	window := s.cfg.DrainTimeout.Milliseconds()
	end := s.now() + window
	if s.visit(ctx, func(r *reactor) { r.output.draining, r.leavers = true, leaversOf(r) }) != nil {
		return
	}
	s.untilQuiet(ctx, func(r *reactor) (more bool) { return r.leavers.letGo(r, end-window/4, end) })
	s.untilQuiet(ctx, func(r *reactor) bool { return len(r.output.slow) > 0 })
}

// leavers are who has not been let go, as far as they are counted: that is done once for
// all, and not in each step.
type leavers struct {
	clients int
	socket  uint32 // slot of the connection where closing websockets goes on
}

// leaversOf counts all clients of a loop that have to be let go.
func leaversOf(r *reactor) leavers { return leavers{clients: r.core.Waiting() + r.conns.upgraded()} }

// letGo lets as many clients of a loop go as are due in one step, so that the last goes at
// last, and tells whether there are more. Who polls is told to come back before end.
func (l *leavers) letGo(r *reactor, last, end int64) (more bool) {
	now := r.now()
	due := dueNow(l.clients, drainPoll.Milliseconds(), last-now)
	gone := r.core.Drain(now, max(1, end-now), due, &r.fx)
	r.perform()
	closed := 0
	closed, l.socket = r.output.closeSockets(l.socket, due-gone)
	gone += closed
	r.goOn()
	if l.clients -= gone; gone < due || l.clients <= 0 {
		*l = leaversOf(r) // others have come since, or some went by themselves
	}
	return l.clients > 0 || r.core.Owing(now) > 0
}

// dueNow is how many of so many clients are due in one step, with some time left for
// all of them.
func dueNow(clients int, step, left int64) int {
	if left <= step {
		return clients
	}
	share := (int64(clients)*step + left - 1) / left
	return min(clients, max(drainLeast, int(share)))
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
		s.do(r.id, func(r *reactor) {
			defer close(done)
			call(r)
		})
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
