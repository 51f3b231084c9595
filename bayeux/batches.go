// Proved by TestGiveUp, TestYieldToANodeThatGoes, TestFramesMakeWayInOrder, TestBatchThatCannotMakeWay and TestFaultInParkedBatch.

package bayeux

import "halley/bayeux/message"

// batches are those that wait: parked ones for an answer, and the backlogs of websockets for a parked one. A backlog waits
// for a ticket that something is parked under, or moves up.
type batches struct {
	s        *Server
	parked   map[Ticket]*parked
	backlogs backlogs
	tickets  Ticket        // given out so far, to replays as well
	scratch  message.Batch // of what goes on
}

// ticket is a new one.
func (b *batches) ticket() Ticket {
	b.tickets++
	return b.tickets
}

// full tells whether nothing more can be parked.
func (b *batches) full() bool { return len(b.parked) >= b.s.cfg.MaxAsks }

// add parks p.
func (b *batches) add(p *parked) Ticket {
	t := b.ticket()
	b.parked[t] = p
	return t
}

// queueUp puts a batch at the end of l.
func (b *batches) queueUp(l *backlog, req Request, messages []message.Message, fx *Effects) {
	switch {
	case l.full:
		return
	case !l.add(joinRaw(messages), b.s.cfg.MaxAhead):
		fx.add(Effect{Kind: Close, To: req.To}, fx.begin())
		return
	case len(messages) == 0:
		return
	}
	if slot, r := b.s.sessions.lookup(messages[0].ClientID); r != nil {
		b.backlogs.enter(l, b.s.sessions.address(slot))
		r.tables.set(inBacklogs, true)
	}
}

// moveUp goes on with the backlog of a websocket, now that what it waited for is done.
func (b *batches) moveUp(now int64, req Request, l *backlog, fx *Effects) {
	for l.waitsFor == 0 {
		body := l.next()
		if body == nil {
			b.endBacklog(now, req.To, l, fx)
			return
		}
		var batch message.Batch
		scanner := b.s.cfg.Scanner
		if scanner.Scan(body, &batch) != nil { // it was scanned before
			fx.add(Effect{Kind: Close, To: req.To}, fx.begin())
			continue
		}
		b.s.handle(now, req, batch.Messages, fx)
	}
}

// Waits tells whether a batch of that websocket waits, and with it what comes next.
func (b *batches) Waits(to ReplyTo) bool { return b.backlogs.of[to] != nil }

// endBacklog forgets a backlog, whose sessions expire again.
func (b *batches) endBacklog(now int64, to ReplyTo, l *backlog, fx *Effects) {
	delete(b.backlogs.of, to)
	fx.add(Effect{Kind: CaughtUp, To: to}, fx.begin())
	for _, a := range l.sessions {
		stays := b.backlogs.leave(a)
		if r := b.s.sessions.find(a); r != nil {
			r.tables.set(inBacklogs, stays)
			b.s.at(a.Slot, r).await(now)
		}
	}
}

// unpark goes on with the batch that waits under ticket, now that its first message has got what
// it has waited for.
func (b *batches) unpark(now int64, ticket Ticket, got awaited, fx *Effects) {
	p := b.parked[ticket]
	delete(b.parked, ticket)
	l := b.backlogs.of[p.req.To]
	if l != nil && l.waitsFor == ticket {
		l.waitsFor = 0
	}
	x := &b.s.exchange
	*x = exchange{seat: b.s.at(p.owner.Slot, nil), fx: fx, req: p.req, now: now, owner: p.owner, got: got,
		clientID: p.clientID, proved: p.proved, alone: p.alone, losses: p.losses, carriesEvents: p.carriesEvents, batch: p.batch, connects: p.connects,
		replies: p.replies, later: p.later}
	defer b.contain(now, p, fx)
	x.goOn(p)
	if l != nil {
		b.moveUp(now, p.req, l, fx)
	}
}

// giveUp forgets the batch that made way for others: the connection that it came by has
// gone, and so has the one who would read the reply. What came behind it on the same
// websocket is forgotten too.
func (b *batches) giveUp(now int64, ticket Ticket, fx *Effects) {
	p := b.parked[ticket]
	if p == nil {
		return
	}
	delete(b.parked, ticket)
	if r := b.s.sessions.find(p.owner); p.losses && r != nil {
		b.s.queues.SettleLosses(&r.queue, false)
	}
	if l := b.backlogs.of[p.req.To]; l != nil && l.waitsFor == ticket {
		b.endBacklog(now, p.req.To, l, fx)
	}
}

// contain, deferred, ends a panic over a batch that was parked, or one of those behind it: the connection that they
// came by is closed, and nothing is left of them.
func (b *batches) contain(now int64, p *parked, fx *Effects) {
	cause := recover()
	if cause == nil {
		return
	}
	s := b.s
	s.fault(cause)
	s.exchange.forget()
	fx.add(Effect{Kind: Abort, To: p.req.To}, fx.begin())
	if l := b.backlogs.of[p.req.To]; l != nil {
		b.endBacklog(now, p.req.To, l, fx)
	}
	if r := s.sessions.find(p.owner); r != nil && r.outlet.state == reserved {
		s.at(p.owner.Slot, r).remove(fx)
	}
}

// nodeGone forgets the batches of a node's connections that have made way for others: nobody will tell them to go on. What waits for
// news of this node goes on.
func (b *batches) nodeGone(now int64, node uint16, fx *Effects) {
	for ticket, p := range b.parked {
		if p.waits == Yield && p.req.To.Node == node {
			b.giveUp(now, ticket, fx)
		}
	}
}
