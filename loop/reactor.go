package loop

// Proved by TestAllocations, TestCongestion, TestFramesMakeWay and TestTrim.

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"halley/bayeux"
	"halley/bayeux/wheel"
	"halley/loop/bus"
)

const (
	tickEvery   = 100 * time.Millisecond
	wheelSlots  = 2048
	flushBatch  = 64   // sessions whose replies are assembled before they are written
	turnFlushes = 1024 // sessions flushed before the loop looks at its sockets again
	turnEntries = 1024 // messages and tasks of the mailbox handled before it does
)

// reactor is one event loop with all that belongs to it: its connections, the
// sessions that it owns and their subscriptions. Nothing here is locked but the
// mailbox, which is the only way in for others.
type reactor struct {
	common
	input    input
	requests requests
	output   output
	engine   atomic.Pointer[gnet.EventLoop]
	core     *bayeux.Server
	lined    map[bayeux.ReplyTo]lined // websockets of which something waits in the core

	encoder encoder

	damped       uint64 // handshakes, of which the log was told
	tellDampedAt int64

	box   *bus.Box
	inbox bus.Inbox // what is being worked off

	hurry       atomic.Bool // ticks are wanted often
	flushPosted bool
	leavers     leavers // while draining
	turns       turns

	// Scratch, valid within one turn.
	fx      bayeux.Effects
	done    int // effects of fx that were executed
	expired []uint32
	peers   peers

	drainTask task
	flushTask task
	tickTask  task
}

// task is a piece of a reactor's work as gnet runs it. Each reactor keeps its
// three, so that posting one costs no closure.
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

func newReactor(s *Server, id uint16, now int64) *reactor {
	r := &reactor{
		common:  common{server: s, id: id, wheel: wheel.New(tickEvery.Milliseconds(), wheelSlots, now)},
		core:    bayeux.NewServer(s.coreConfig(id), now),
		encoder: encoder{perFrame: s.cfg.WSMessagesPerFrame},
		lined:   make(map[bayeux.ReplyTo]lined),
	}
	r.output = output{common: &r.common, reports: r, slow: make(map[uint32]*unsent)}
	r.requests = requests{common: &r.common, output: &r.output, owners: r, scanner: s.cfg.Scanner}
	r.input = input{common: &r.common, output: &r.output, handler: &r.requests, work: r.core,
		bodies: make(map[uint32]*chunkedBody), waiting: waitingInput{of: make(map[uint32]int)}}
	r.box = bus.NewBox(s.cfg.MaxMailbox, &s.congested, r.wake)
	r.drainTask = task{r, (*reactor).drainMailbox}
	r.flushTask = task{r, (*reactor).flush}
	r.tickTask = task{r, (*reactor).tick}
	return r
}

// beginTurn reads the clock, once for each event of a socket and each task. It tells
// whether a turn begins, which the caller ends: OnClose may come within another one.
func (r *reactor) beginTurn() (begins bool) {
	now := time.Since(r.server.start)
	r.clock = r.server.clock(now)
	return r.turns.begin(r.core, now)
}

// turnOver ends a turn.
func (r *reactor) turnOver() { r.turns.end(r.core, time.Since(r.server.start)) }

// execute posts t to run after the I/O events of the round, and tells whether there
// is a loop for it. One that comes later looks at what it would have done.
func (r *reactor) execute(t *task) bool {
	engine := r.engine.Load()
	if engine == nil {
		return false
	}
	if err := (*engine).Execute(context.Background(), t); err != nil {
		r.server.cfg.Log.Debug("loop is gone", "loop", r.id, "error", err)
		return false
	}
	return true
}

// endTurn posts the flush that visits the sessions which this turn made dirty,
// and the connections whose requests it answered.
// gnet runs it after all I/O events of the round: every FIN and RST that the
// kernel has reported is seen before anything is written.
func (r *reactor) endTurn() {
	if !r.hurry.Load() && r.hurries() {
		r.hurry.Store(true)
		select {
		case r.server.hurried <- struct{}{}:
		default:
		}
	}
	if !r.flushPosted && (r.core.Dirty() || len(r.resumed) > 0) {
		r.flushPosted = true
		r.execute(&r.flushTask)
	}
}

// hurries tells whether something waits for a tick that a client would miss: an
// event that is held back for a fraction of a second, a poll that its client wants
// back soon.
func (r *reactor) hurries() bool { return r.core.Hurries(r.now()) }

// flush answers the held connects that events wait for. What is left after a
// bounded number of them waits for the next round.
func (r *reactor) flush() {
	r.flushPosted = false
	now := r.now()
	for done := 0; r.core.Dirty(); done += flushBatch {
		if done >= turnFlushes || done > 0 && r.core.Tired() {
			r.flushPosted = true
			r.server.later(&r.flushTask)
			return
		}
		r.core.Flush(now, flushBatch, &r.fx)
		r.lookAtReplies()
		r.perform()
	}
	r.goOn()
}

// tick answers polls whose time is over and closes connections past a deadline.
func (r *reactor) tick() {
	now := r.now()
	r.turns.Lag = time.Duration(now-r.server.tickPosted[r.id].Swap(0)) * time.Millisecond
	r.core.Behind(r.inbox.Left() > 0)
	r.core.Tick(now, &r.fx)
	r.perform()
	r.expired = r.wheel.Advance(now, turnEntries, r.expired[:0])
	for _, slot := range r.expired {
		r.input.timeout(r.conns.At(slot))
	}
	r.output.checkSlow()
	r.hurry.Store(r.hurries())
	if r.box.Waits() {
		r.drainMailbox()
	}
	r.goOn()
	r.endTurn()
}

// goOn processes the input that waited behind requests answered meanwhile.
func (r *reactor) goOn() {
	n := 0
	for ; n < len(r.resumed) && (n == 0 || !r.core.Tired()); n++ {
		to := r.resumed[n]
		if c := r.conns.Find(to.Conn, to.Gen); c != nil && c != r.serving {
			r.input.serve(c)
		}
	}
	r.resumed = r.resumed[:copy(r.resumed, r.resumed[n:])]
	if len(r.resumed) > 0 && !r.flushPosted {
		r.flushPosted = true
		r.server.later(&r.flushTask)
	}
}

// wake makes the loop look into its mailbox. It may be called from anywhere.
func (r *reactor) wake() { r.execute(&r.drainTask) }

// drainMailbox works off what others posted, a bounded number at a time.
func (r *reactor) drainMailbox() {
	for n := 0; ; n++ {
		if r.inbox.Left() == 0 {
			if r.box.Swap(&r.inbox); r.inbox.Left() == 0 {
				break
			}
			r.lookAtInbox()
		}
		if n >= turnEntries || n > 0 && r.core.Tired() {
			r.server.later(&r.drainTask)
			break
		}
		if m, task := r.inbox.Next(); task != nil {
			r.runTask(task)
		} else {
			r.receive(m)
		}
	}
	r.goOn()
	r.endTurn()
}

// trim gives back what is not needed between two turns.
func (r *reactor) trim() {
	r.conns.Trim()
	r.core.Trim(r.now())
	r.input.waiting.of = fitted(r.input.waiting.of)
	r.fx, r.requests.text, r.encoder.text, r.encoder.frame = bayeux.Effects{}, nil, nil, nil
	r.output.trim()
	if r.conns.Len() == 0 {
		r.wheel = wheel.New(tickEvery.Milliseconds(), wheelSlots, r.now())
		r.resumed, r.expired, r.peers = nil, nil, peers{}
	}
}

// closed lets go of a connection.
func (r *reactor) closed(c *conn) {
	r.output.closed(c)
	r.input.closed(c)
	r.wheel.Cancel(c.slot)
	r.alive.clear(c.slot)
	r.conns.Release(c.slot)
}

// lookAtReplies closes the connections of dead peers before the effects that
// would write to them are executed.
func (r *reactor) lookAtReplies() {
	for i := range r.fx.List {
		if e := &r.fx.List[i]; e.Numbered && e.To.Place() == r.place() {
			r.peers.add(r.conns.find(e.To))
		}
	}
	r.peers.closeDead()
}

// lookAtInbox does the same for what other loops reply.
func (r *reactor) lookAtInbox() {
	r.inbox.Effects(func(e *bayeux.Effect) {
		if e.Numbered {
			r.peers.add(r.conns.find(e.To))
		}
	})
	r.peers.closeDead()
}
