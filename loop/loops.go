package loop

// Proved by TestServerOutlivesAFailingAccept, TestBetweenTwoEngines, TestTrim and TestDrainUnderLoad.

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"halley/loop/socket"
)

// loops are the event loops of a server. Others than a loop itself reach it by its mailbox alone.
type loops struct {
	shared   *shared
	reactors []*reactor
	bound    atomic.Pointer[[]*reactor] // those whose event loop is known
	binding  sync.Mutex
	ending   bool // their engine ends: nothing is posted to them
}

// quietPoll is the time between two visits of loops that have something left to do.
const quietPoll = 50 * time.Millisecond

// bind finds the reactor of an event loop, and binds the next one to a loop that has its first connection: gnet tells
// of a loop only through its connections.
func (l *loops) bind(loop gnet.EventLoop) (r *reactor, first bool) {
	for _, r := range *l.bound.Load() {
		if *r.engine.Load() == loop {
			return r, false
		}
	}
	return l.bindNext(loop), true
}

// bindNext binds the next reactor to an event loop.
func (l *loops) bindNext(loop gnet.EventLoop) *reactor {
	l.binding.Lock()
	defer l.binding.Unlock()
	bound := *l.bound.Load()
	r := l.reactors[len(bound)]
	r.engine.Store(&loop)
	if !l.ending {
		r.executor.open(loop)
	}
	r.input.poller = socket.PollerOf(loop)
	grown := append(append([]*reactor(nil), bound...), r)
	l.bound.Store(&grown)
	l.shared.homes.Store(max(l.shared.homes.Load(), int32(len(grown))))
	return r
}

// close lets nobody post to the event loops any more, since their engine ends.
func (l *loops) close() {
	l.binding.Lock()
	defer l.binding.Unlock()
	l.ending = true
	for _, r := range l.reactors {
		r.executor.close()
	}
}

// unbind makes the reactors ready for other event loops. None runs. What the last
// ones were asked to do and have not begun is lost, so it is asked for again.
func (l *loops) unbind() {
	l.binding.Lock()
	defer l.binding.Unlock()
	l.ending = false
	l.bound.Store(new([]*reactor))
	for _, r := range l.reactors {
		r.flushPosted, r.drainPosted, r.sweepPosted, r.doors = false, false, false, nil
		r.tickPosted.Store(0)
	}
}

// do has a loop run task, behind the messages that it has got.
func (l *loops) do(loop uint16, task func(*reactor)) {
	r := l.reactors[loop]
	r.box.Do(func() { task(r) })
}

// visit runs call on every loop, one after the other, and waits for each.
func (l *loops) visit(ctx context.Context, call func(*reactor)) error {
	for _, r := range *l.bound.Load() {
		done := make(chan struct{})
		l.do(r.id, func(r *reactor) {
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

// ask is what look finds on one loop. A loop that there is not yet, or not any more, has nothing.
func ask[T any](ctx context.Context, l *loops, loop uint16, look func(*reactor) T) (found T, err error) {
	if int(loop) >= len(*l.bound.Load()) {
		return found, nil
	}
	answer := make(chan T, 1)
	l.do(loop, func(r *reactor) { answer <- look(r) })
	select {
	case found = <-answer:
		return found, nil
	case <-ctx.Done():
		return found, ctx.Err()
	}
}

// untilQuiet visits the loops until nothing is left for pass to do. Visits may
// have posted to loops that were visited before: it is over with the second quiet
// round.
func (l *loops) untilQuiet(ctx context.Context, pass func(*reactor) (more bool)) {
	for quiet := 0; quiet < 2 && ctx.Err() == nil; {
		quiet++
		err := l.visit(ctx, func(r *reactor) {
			if pass(r) {
				quiet = 0
			}
		})
		if err != nil {
			return
		}
		if quiet == 0 {
			time.Sleep(quietPoll)
		}
	}
}

// inParts has every loop do something part by part, each in a turn of its own. part goes
// on from where the last one has stopped, and tells whether there is more.
func (l *loops) inParts(ctx context.Context, part func(r *reactor, from uint32) (next uint32, more bool)) {
	next, rest := make([]uint32, len(l.reactors)), make([]bool, len(l.reactors))
	for i := range rest {
		rest[i] = true
	}
	for slices.Contains(rest, true) {
		clear(rest)
		err := l.visit(ctx, func(r *reactor) {
			next[r.id], rest[r.id] = part(r, next[r.id])
			r.endTurn()
		})
		if err != nil {
			return
		}
	}
}

// outputMoves has the loop of a connection look at its output, since it may have left.
func (l *loops) outputMoves(at socket.ID) {
	l.do(at.Loop, func(r *reactor) { r.output.lookAgain(at.Slot) })
}

// sessions is how many there were at the loops' last ticks, and how many subscriptions.
func (l *loops) sessions() (n, subscriptions int64) {
	for _, r := range *l.bound.Load() {
		n += r.sessions.Load()
		subscriptions += r.subscriptions.Load()
	}
	return n, subscriptions
}

// trim makes every loop give back what it no longer needs.
func (l *loops) trim() {
	for _, r := range *l.bound.Load() {
		l.do(r.id, (*reactor).trim)
	}
	l.shared.browsers.held.Trim()
	l.shared.interest.Trim()
	l.shared.limits.Trim()
	if bound := *l.bound.Load(); len(bound) > 0 {
		// By the loop whose mailbox is emptied last.
		l.do(bound[len(bound)-1].id, func(*reactor) { go collectGarbage() })
	}
}
