// Proved by TestGiveUp, TestFramesMakeWayInOrder and TestBatchThatCannotMakeWay.

package bayeux

import "halley/bayeux/message"

// Handle processes one request's batch. Its reply is one Reply, or a Hold, or
// comes after a Report. What comes on a websocket is handled in order.
func (s *Server) Handle(now int64, req Request, batch *message.Batch, fx *Effects) {
	if req.Type == WebSocket {
		if l := s.backlogs.of[req.To]; l != nil {
			s.queueUp(l, req, batch.Messages, fx)
			return
		}
	}
	s.handle(now, req, batch.Messages, fx)
}

func (s *Server) handle(now int64, req Request, messages []message.Message, fx *Effects) {
	x := &s.exchange
	*x = exchange{seat: s.at(noSlot, nil), fx: fx, req: req, now: now, owner: nowhere, replies: x.replies[:0]}
	if h := findHandshake(messages); h >= 0 {
		// Other messages beside a handshake are ignored (Bayeux 1.0, 4.1 MUST handshake-alone).
		messages = messages[h : h+1]
	}
	x.alone = len(messages) == 1
	if len(messages) > 0 {
		x.own(messages[0].ClientID)
	}
	handled := false
	defer func() {
		if !handled {
			s.forget(x)
		}
	}()
	x.run(messages)
	handled = true
}

// HasHandshake tells whether handling batch would be a handshake.
func HasHandshake(batch *message.Batch) bool { return findHandshake(batch.Messages) >= 0 }

func findHandshake(messages []message.Message) int {
	for i := range messages {
		if string(messages[i].Channel) == metaHandshake {
			return i
		}
	}
	return -1
}

// queueUp puts a batch at the end of l.
func (s *Server) queueUp(l *backlog, req Request, messages []message.Message, fx *Effects) {
	switch {
	case l.full:
		return
	case !l.add(joinRaw(messages), s.cfg.MaxAhead):
		fx.add(Effect{Kind: Close, To: req.To}, fx.begin())
		return
	case len(messages) == 0:
		return
	}
	if slot, r := s.sessions.lookup(messages[0].ClientID); r != nil {
		s.backlogs.enter(l, s.sessions.address(slot))
		r.tables.set(inBacklogs, true)
	}
}

// moveUp goes on with the backlog of a websocket, now that what it waited for is done.
func (s *Server) moveUp(now int64, req Request, l *backlog, fx *Effects) {
	for l.waitsFor == 0 {
		body := l.next()
		if body == nil {
			s.endBacklog(now, req.To, l, fx)
			return
		}
		var batch message.Batch
		scanner := s.cfg.Scanner
		if scanner.Scan(body, &batch) != nil { // it was scanned before
			fx.add(Effect{Kind: Close, To: req.To}, fx.begin())
			continue
		}
		s.handle(now, req, batch.Messages, fx)
	}
}

// Waits tells whether a batch of that websocket waits, and with it what comes next.
func (s *Server) Waits(to ReplyTo) bool { return s.backlogs.of[to] != nil }

// endBacklog forgets a backlog, whose sessions expire again.
func (s *Server) endBacklog(now int64, to ReplyTo, l *backlog, fx *Effects) {
	delete(s.backlogs.of, to)
	fx.add(Effect{Kind: CaughtUp, To: to}, fx.begin())
	for _, a := range l.sessions {
		stays := s.backlogs.leave(a)
		if r := s.sessions.find(a); r != nil {
			r.tables.set(inBacklogs, stays)
			s.at(a.Slot, r).await(now)
		}
	}
}

// unpark goes on with the batch p that waits under ticket, now that its first message has got
// what it has waited for.
func (s *Server) unpark(now int64, ticket Ticket, p *parked, got awaited, fx *Effects) {
	delete(s.parked, ticket)
	l := s.backlogs.of[p.req.To]
	if l != nil && l.waitsFor == ticket {
		l.waitsFor = 0
	}
	x := &s.exchange
	*x = exchange{seat: s.at(p.owner.Slot, nil), fx: fx, req: p.req, now: now, owner: p.owner, got: got,
		clientID: p.clientID, alone: p.alone, losses: p.losses, carriesEvents: p.carriesEvents, batch: p.batch, connects: p.connects,
		replies: p.replies, later: p.later}
	defer s.containBatch(now, p, fx)
	x.goOn(p)
	if l != nil {
		s.moveUp(now, p.req, l, fx)
	}
}

// goOn goes on with what was parked. The interest of the subscriptions that waited ends with it, however it ends.
func (x *exchange) goOn(p *parked) {
	defer x.s.joins.end(p.wanted, x.s.fanout, x.fx)
	if p.events != nil {
		x.resumeEvents(p)
	} else if messages, ok := x.scan(p.body); ok {
		x.run(messages)
	}
}

// giveUp forgets the batch that made way for others: the connection that it came by has
// gone, and so has the one who would read the reply. What came behind it on the same
// websocket is forgotten too.
func (s *Server) giveUp(now int64, ticket Ticket, fx *Effects) {
	p := s.parked[ticket]
	if p == nil {
		return
	}
	delete(s.parked, ticket)
	if r := s.sessions.find(p.owner); p.losses && r != nil {
		s.queues.SettleLosses(&r.queue, false)
	}
	if l := s.backlogs.of[p.req.To]; l != nil && l.waitsFor == ticket {
		s.endBacklog(now, p.req.To, l, fx)
	}
}
