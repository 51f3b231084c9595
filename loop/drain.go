package loop

import (
	"context"
	"time"
)

// drainLeast is how many clients each loop lets go in a step at least, though the window leaves time for less.
const drainLeast = 5

// drainer lets the clients of a server go.
type drainer struct {
	engine *engine
	loops  *loops
	window func() time.Duration // how long a drain may take
	now    func() int64         // milliseconds
	handed func() bool          // nobody comes any more, since a successor takes all new connections
}

// whenDone drains and stops the engine when ctx is done. It returns at once
// if the engine has ended on its own.
func (d *drainer) whenDone(ctx context.Context, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	select {
	case <-ended:
		return
	case <-d.engine.booted:
	}
	d.engine.ready.Store(false)
	d.drain()
	d.engine.stop()
}

// drain answers the held polls and ends the streams and websockets, one after the
// other over three quarters of the drain window: their clients come back when they
// are let go. The rest of the window is for what is on its way to slow ones.
func (d *drainer) drain() {
	longest := d.window()
	if longest == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	window := longest.Milliseconds()
	end := d.now() + window
	if d.handed() {
		d.part(ctx, end-window/4)
		return
	}
	left := make([]leavers, len(d.loops.reactors)) // each is its loop's own
	if d.loops.visit(ctx, func(r *reactor) { r.output.draining, left[r.id] = true, leaversOf(r) }) != nil {
		return
	}
	d.loops.untilQuiet(ctx, func(r *reactor) (more bool) { return left[r.id].letGo(r, end-window/4, end) })
	d.loops.untilQuiet(ctx, func(r *reactor) bool { return len(r.output.slow) > 0 })
}

// part lets all clients go to a successor, which takes all new connections, until none is left.
func (d *drainer) part(ctx context.Context, last int64) {
	partings := make([]parting, len(d.loops.reactors)) // each is its loop's own
	for quiet := 0; quiet < 2 && ctx.Err() == nil; {
		quiet++
		err := d.loops.visit(ctx, func(r *reactor) {
			partings[r.id].loops = d.loops
			partings[r.id].step(r, last)
		})
		if err != nil || d.loops.shared.connections.Load() > 0 {
			quiet = 0
		}
		sleep(ctx, quietPoll)
	}
}

// leavers are who has not been let go, as far as they are counted: that is done once for
// all, and not in each step.
type leavers struct {
	clients int
	socket  uint32 // slot of the connection where closing websockets goes on
	abroad  uint32 // and where it goes on with those that wait for other nodes
}

// leaversOf counts all clients of a loop that have to be let go.
func leaversOf(r *reactor) leavers {
	n := 0
	r.conns.Each(func(_ uint32, c *conn) bool {
		if c.phase == upgraded || c.waitsAbroad(r.shared.cfg.node) {
			n++
		}
		return true
	})
	return leavers{clients: r.core.Waiting() + n}
}

// letGo lets as many clients of a loop go as are due in one step, so that the last goes at
// last, and tells whether there are more. Who polls is told to come back before end.
func (l *leavers) letGo(r *reactor, last, end int64) (more bool) {
	now := r.now()
	due := dueNow(l.clients, drainLeast, quietPoll.Milliseconds(), last-now)
	gone := r.core.Drain(now, max(1, end-now), due, &r.fx)
	r.perform()
	closed := 0
	closed, l.socket = r.output.closeSockets(l.socket, due-gone)
	gone += closed
	closed, l.abroad = r.output.letSomeGoAbroad(l.abroad, due-gone)
	gone += closed
	r.goOn()
	if l.clients -= gone; gone < due || l.clients <= 0 {
		*l = leaversOf(r) // others have come since, or some went by themselves
	}
	return l.clients > 0 || r.core.Owing(now) > 0
}

// dueNow is how many of so many clients are due in one step, with some time left for
// all of them.
func dueNow(clients, least int, step, left int64) int {
	if left <= step {
		return clients
	}
	share := (int64(clients)*step + left - 1) / left
	return min(clients, max(least, int(share)))
}
