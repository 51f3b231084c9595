package loop

// Proved by TestAllocations, TestCongestion, TestFramesMakeWay and TestTrim.

import (
	"net/netip"
	"time"

	"github.com/panjf2000/gnet/v2"

	"halley/bayeux"
	"halley/bayeux/wheel"
	"halley/loop/bus"
	"halley/loop/socket"
)

func newReactor(s *shared, id uint16, now int64) *reactor {
	r := &reactor{
		common:   common{shared: s, id: id, alive: &s.alive[id], wheel: wheel.New(tickEvery.Milliseconds(), wheelSlots, now)},
		encoder:  encoder{perFrame: s.cfg.WSMessagesPerFrame},
		backlogs: make(map[bayeux.ReplyTo]backlogBytes),
	}
	core := coreConfig(s, id)
	core.Heard = r.watch.heard
	core.Ended = r.ended
	core.Fault = func(cause any) { r.panicked("session", cause) }
	r.core = bayeux.NewServer(core, now)
	r.output = output{common: &r.common, reports: r, slow: make(map[uint32]*unsent), log: newRequestLog(s.cfg.LogRequests, s.requestLines),
		tracing: newTracing(s.cfg.Spans)}
	r.requests = requests{common: &r.common, output: &r.output, owners: r, scanner: s.cfg.Scanner}
	r.guesses = guesses{common: &r.common, output: &r.output}
	r.input = input{common: &r.common, introducer: introducer{common: &r.common}, output: &r.output, handler: &r.requests, work: r.core,
		bodies: make(map[uint32]*chunkedBody), paused: make(map[uint32]bool), waiting: waitingInput{of: make(map[uint32]int)}}
	r.mover = mover{common: &r.common, output: &r.output, spend: r.core.Spend, forget: func(slot uint32) { r.input.waiting.set(slot, 0) }}
	r.input.mover, r.output.due = &r.mover, r.mover.isDue
	r.box = bus.NewBox(s.cfg.MaxMailbox, &s.congested, r.wake)
	r.input.encryption = encryption{common: &r.common, output: &r.output, box: r.box, serve: r.input.serve, scratch: newScratch(s)}
	r.wakeTask, r.drainTask = task{r, (*reactor).drainMailbox}, task{r, (*reactor).drainOn}
	r.flushTask = task{r, (*reactor).flush}
	r.tickTask, r.sweepTask = task{r, (*reactor).tick}, task{r, (*reactor).sweepOn}
	return r
}

// flush answers the held connects that events wait for. What is left after a
// bounded number of them waits for the next round.
func (r *reactor) flush() {
	r.flushPosted = false
	if r.drainPosted && r.unwritten.mayGrow(r.shared.live()) {
		return // more of the same burst is at hand, and the drain posts this again
	}
	r.unwritten = unwritten{}
	now, look := r.now(), r.core.Dirty() && r.input.mayHaveLost()
	for done := 0; r.core.Dirty(); done += flushBatch {
		if done >= turnFlushes || done > 0 && r.core.Tired() {
			r.flushPosted = true
			r.shared.later(&r.flushTask)
			return
		}
		r.core.Flush(now, flushBatch, &r.fx)
		if look {
			r.lookAtReplies()
		}
		r.perform()
	}
	r.goOn()
}

// tick answers polls whose time is over and closes connections past a deadline.
func (r *reactor) tick() {
	now := r.now()
	r.turns.Lag = time.Duration(now-r.tickPosted.Swap(0)) * time.Millisecond
	r.sweep(now)
	r.expired = r.wheel.Advance(now, turnEntries, r.expired[:0])
	for _, slot := range r.expired {
		r.input.expire(r.conns.At(slot))
	}
	r.output.checkSlow()
	r.watch.end(now)
	r.hurry.Store(r.hurries())
	r.sessions.Store(r.core.Stats().Sessions)
	r.subscriptions.Store(int64(r.core.Subscriptions()))
	if r.box.Waits() {
		r.drainMailbox()
	}
	r.goOn()
	r.endTurn()
}

// sweep answers polls whose time is over, ends sessions, and gives what pauses have kept back. What a turn has no time for goes on
// in a later one: with the next tick prices would be ever later.
func (r *reactor) sweep(now int64) {
	r.core.Behind(r.inbox.Left() > 0)
	if r.core.Tick(now, &r.fx) && !r.sweepPosted { // a tick may come meanwhile
		r.sweepPosted = true
		r.shared.later(&r.sweepTask)
	}
	r.perform()
}

// sweepOn goes on with what a turn had no time for.
func (r *reactor) sweepOn() {
	r.sweepPosted = false
	r.sweep(r.now())
	r.goOn()
	r.endTurn()
}

// goOn processes the input that waited behind requests answered meanwhile.
func (r *reactor) goOn() {
	n := 0
	for ; n < len(r.goOnSoon) && (n == 0 || !r.core.Tired()); n++ {
		to := r.goOnSoon[n]
		if c := r.conns.Find(to.Conn, to.Gen); c != nil && c != r.serving {
			r.input.serve(c)
		}
	}
	r.goOnSoon = r.goOnSoon[:copy(r.goOnSoon, r.goOnSoon[n:])]
	if len(r.goOnSoon) > 0 && !r.flushPosted {
		r.flushPosted = true
		r.shared.later(&r.flushTask)
	}
}

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
			if !r.drainPosted { // a tick drains as well
				r.drainPosted = true
				r.unwritten.turns++
				r.shared.later(&r.drainTask)
			}
			break
		}
		if m, task := r.inbox.Next(); task != nil {
			r.runTask(task)
		} else {
			r.unwritten.messages++
			r.unwritten.bytes += len(m.Event)
			r.receive(m)
		}
	}
	r.goOn()
	r.endTurn()
}

// drainOn goes on with a mailbox that a turn had no time for.
func (r *reactor) drainOn() {
	r.drainPosted = false
	r.drainMailbox()
}

// trim gives back what is not needed between two turns.
func (r *reactor) trim() {
	r.conns.Trim()
	r.core.Trim(r.now())
	r.fx, r.requests.text, r.encoder.text, r.encoder.frame = bayeux.Effects{}, nil, nil, nil
	r.output.trim()
	r.input.trim()
	r.mover.runs = fitted(r.mover.runs)
	r.errands.trim()
	if r.conns.Len() == 0 {
		r.wheel = wheel.New(tickEvery.Milliseconds(), wheelSlots, r.now())
		r.goOnSoon, r.expired, r.peers = nil, nil, peers{}
	}
}

// arrives takes a connection in that has come from another loop.
func (r *reactor) arrives(conn gnet.Conn, v *moving) gnet.Action {
	if r.beginTurn() {
		defer r.turnOver()
	}
	if !r.mover.ways.take(v) {
		conn.SetContext(socket.Left{}) // it was counted as lost
		return gnet.Close
	}
	c := r.conns.take(socket.Over(conn))
	c.names, c.traits = v.names, v.traits|settled
	c.socket = v.Arrive(&c.plain, r.input.encryption.scratch)
	conn.SetContext(c)
	r.alive.set(c.slot, c.gen)
	r.turns.Moved++
	if v.told != (netip.AddrPort{}) {
		r.belongs(c, v.told)
	}
	if c.socket.Held() == 0 {
		r.after(c, r.shared.live().IdleTimeout.Milliseconds())
		return gnet.None
	}
	r.after(c, r.shared.live().HeaderTimeout.Milliseconds())
	r.goOnWith(c)
	r.endTurn()
	return gnet.None
}

// closed lets go of a connection.
func (r *reactor) closed(c *conn) {
	r.output.closed(c)
	r.input.closed(c)
	r.closes(c)
	r.mover.stays(c.slot)
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
	look, known := false, false
	r.inbox.Effects(func(e *bayeux.Effect) {
		if e.Numbered && !known {
			look, known = r.input.mayHaveLost(), true
		}
		if e.Numbered && look {
			r.peers.add(r.conns.find(e.To))
		}
	})
	r.peers.closeDead()
}
