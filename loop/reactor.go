package loop

// Proved by TestAllocations, TestCongestion, TestFramesMakeWay and TestTrim.

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"halley/bayeux"
	"halley/loop/bus"
)

const (
	tickEvery   = 100 * time.Millisecond
	wheelSlots  = 2048
	flushBatch  = 64       // sessions whose replies are assembled before they are written
	turnFlushes = 1024     // sessions flushed before the loop looks at its sockets again
	turnEntries = 1024     // messages and tasks of the mailbox handled before it does
	heldTurns   = 8        // turns that work off the mailbox before what they have brought is written
	heldBytes   = 64 << 10 // of events likewise: no more goes to a client at once
)

// reactor is one event loop with all that belongs to it: its connections, the
// sessions that it owns and their subscriptions. Nothing here is locked but the
// mailbox, which is the only way in for others.
type reactor struct {
	common
	input    input
	requests requests
	output   output
	guesses  guesses
	mover    mover
	engine   atomic.Pointer[gnet.EventLoop]
	executor executor
	core     *bayeux.Server
	backlogs map[bayeux.ReplyTo]backlogBytes // websockets of which something waits in the core

	encoder encoder
	doors   doors

	damped       uint64 // handshakes, of which the log was told
	tellDampedAt int64

	box   *bus.Box
	inbox bus.Inbox // what is being worked off

	hurry         atomic.Bool  // ticks are wanted often
	sessions      atomic.Int64 // that there were at the last tick
	subscriptions atomic.Int64 // likewise
	tickPosted    atomic.Int64 // when the tick that it has not run was posted, 0 if it has run
	watch         watch
	flushPosted   bool
	drainPosted   bool // by the loop itself, since more is left than a turn has time for
	sweepPosted   bool // likewise
	turns         turns
	unwritten     unwritten

	// Scratch, valid within one turn.
	fx      bayeux.Effects
	done    int // effects of fx that were executed
	expired []uint32
	peers   peers

	wakeTask  task // drains the mailbox: something was posted
	drainTask task // goes on with the mailbox: a turn had no time for the rest
	flushTask task
	tickTask  task
	sweepTask task // goes on with what a tick has begun
}

// unwritten is what has been worked off of the mailbox since the last flush: a burst that takes several turns is to be one write to
// each of its subscribers.
type unwritten struct {
	turns    int // that had no time for the rest
	messages int // in all turns
	bytes    int // of their events
}

// mayGrow tells whether more is better worked off first: it goes out in one write with what there is, and no queue is full before.
func (u *unwritten) mayGrow(limits *Settings) bool {
	return u.turns < heldTurns && u.messages < limits.QueueMessages/2 && u.bytes < min(heldBytes, limits.QueueBytes/2)
}

// task is a piece of a reactor's work as gnet runs it. Each reactor keeps its
// own, so that posting one costs no closure.
type task struct {
	reactor *reactor
	run     func(*reactor)
}

// Run implements gnet.Runnable. A panic ends the task, never the process.
func (t *task) Run(context.Context) error {
	t.reactor.beginTurn()
	defer t.reactor.turnOver()
	defer t.reactor.recovered("task")
	t.run(t.reactor)
	return nil
}

// beginTurn reads the clock, once for each event of a socket and each task. It tells
// whether a turn begins, which the caller ends: OnClose may come within another one.
func (r *reactor) beginTurn() (begins bool) {
	now := time.Since(r.shared.start)
	r.clock = r.shared.clock(now)
	return r.turns.begin(r.core, now)
}

// turnOver ends a turn.
func (r *reactor) turnOver() { r.turns.end(r.core, time.Since(r.shared.start)) }

// execute posts t to run after the I/O events of the round, and tells whether there
// is a loop for it. One that comes later looks at what it would have done.
func (r *reactor) execute(t *task) bool { return r.executor.post(t) }

// endTurn posts the flush that visits the sessions which this turn made dirty,
// and the connections whose requests it answered.
// gnet runs it after all I/O events of the round: every FIN and RST that the
// kernel has reported is seen before anything is written.
func (r *reactor) endTurn() {
	if !r.hurry.Load() && r.hurries() {
		r.hurry.Store(true)
		select {
		case r.shared.hurried <- struct{}{}:
		default:
		}
	}
	if !r.flushPosted && (r.core.Dirty() || len(r.goOnSoon) > 0) {
		r.flushPosted = true
		r.execute(&r.flushTask)
	}
}

// hurries tells whether something waits for a tick that a client would miss: an
// event that is held back for a fraction of a second, a poll that its client wants
// back soon.
func (r *reactor) hurries() bool { return r.core.Hurries(r.now()) }

// wake makes the loop look into its mailbox. It may be called from anywhere.
func (r *reactor) wake() { r.execute(&r.wakeTask) }

// backlogBytes is what came by a websocket and waits in the core, behind a batch that waits
// for a verdict, for what is remembered, or for other clients to have their turn.
type backlogBytes struct {
	flow  *bus.Flow
	bytes int
}

// post implements posted.
func (t *task) post() { t.reactor.execute(t) }

// overdue is for how long the loop has not run the tick that was posted to it. Any goroutine may ask.
func (r *reactor) overdue() time.Duration {
	posted := r.tickPosted.Load()
	if posted == 0 {
		return 0
	}
	return time.Duration(r.shared.now()-posted) * time.Millisecond
}
