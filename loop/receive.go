package loop

import (
	"halley/bayeux"
	"halley/loop/sequence"
)

// receive executes one entry of the mailbox. A panic over a request closes the
// connection that it came from, on whatever loop.
func (r *reactor) receive(e *entry) {
	to := e.request.To
	defer func() {
		if cause := recover(); cause != nil {
			r.panicked("mailbox", cause)
			if e.kind == entryForward || e.kind == entryOpen || e.kind == entryResume {
				r.post(to.Loop, entry{kind: entryAbort, request: bayeux.Request{To: to}}, nil)
			}
		}
	}()
	switch e.kind {
	case entryPublish:
		r.core.Deliver(r.now(), e.event)
	case entryForward:
		r.forwarded(e, r.inbox.bytes(e))
	case entryOpen:
		r.opened(e)
	case entryWritten:
		r.core.Written(r.now(), e.session, e.upto)
	case entryLate:
		r.core.Late(e.session, int64(e.upto))
	case entryBounced:
		r.core.Bounced(r.now(), e.session, e.upto)
	case entryGone:
		r.core.Gone(r.now(), e.session, to)
	case entryGoOn:
		r.goOnReading(to)
	case entryWritable:
		r.lookAgain(to.Conn)
	case entryResume, entryCall:
		e.call(r)
	default:
		r.carryOut(e, r.inbox.bytes(e))
	}
}

// carryOut does what an entry wants done to a connection of this loop.
func (r *reactor) carryOut(e *entry, data []byte) {
	to := e.request.To
	switch e.kind {
	case entryReply:
		r.answer(e.reply(), data)
	case entryHold:
		r.hold(to, e.session)
	case entryClose:
		r.overrun(to)
	case entryAbandon:
		r.abandon(to)
	case entryStream:
		r.openStream(opening{to: to, session: e.session, kind: e.stream, endless: e.endless}, data)
	case entryPush:
		p := e.reply()
		p.stream = true
		r.push(p, data)
	case entryEnd:
		r.end(to, e.session)
	case entryRefuse:
		r.refuseStream(to, e.status, data)
	case entryAbort:
		if c := r.conns.find(to); c != nil {
			r.abort(c)
		}
	}
}

// reply is what a reply or push tells of its events.
func (e *entry) reply() reply {
	return reply{to: e.request.To, numbered: e.numbered, session: e.session, upto: e.upto, browser: e.browser, more: e.more}
}

// post puts e into the mailbox of another loop.
func (r *reactor) post(loop uint16, e entry, data []byte) { r.server.post(loop, e, data) }

// handle runs a batch through the core, here where its session lives. The body
// was scanned where it arrived, so it scans.
func (r *reactor) handle(request bayeux.Request, body []byte) {
	if err := r.scanner.Scan(body, &r.batch); err != nil {
		r.server.cfg.Log.Error("forwarded batch does not scan", "error", err)
		r.post(request.To.Loop, entry{kind: entryClose, request: request}, nil)
		return
	}
	r.core.Handle(r.now(), request, &r.batch, &r.fx)
	r.perform()
}

// perform executes the effects in order and empties them. Those after one that
// panics are executed next time, and none twice.
func (r *reactor) perform() {
	for r.done < len(r.fx.List) {
		r.done++
		r.effect(&r.fx.List[r.done-1])
	}
	r.done = 0
	r.fx.Reset()
}

func (r *reactor) effect(e *bayeux.Effect) {
	switch e.Kind {
	case bayeux.Publish:
		r.publish(e)
	case bayeux.Join:
		r.server.log.Recall(sequence.Query{Loop: r.id, Part: sequence.First, Ticket: e.Ticket, Wanted: e.Wanted})
	case bayeux.Read:
		r.server.log.Recall(sequence.Query{Loop: r.id, Part: sequence.Next, Session: e.Session, Ticket: e.Ticket, Wanted: e.Wanted})
	case bayeux.AddInterest:
		pattern := r.fx.Pattern(e)
		r.server.interest.Add(pattern, r.id)
		r.server.memory.takes(patternCopies*len(pattern)+patternBytes, r.now())
	case bayeux.RemoveInterest:
		r.server.interest.Remove(r.fx.Pattern(e), r.id)
	case bayeux.Ask:
		r.ask(e)
	case bayeux.Yield:
		r.yield(e)
	case bayeux.CaughtUp:
		r.caughtUp(e.To)
	default:
		r.toConnection(e)
	}
}

// toConnection carries out an effect on a connection, here or on its loop.
func (r *reactor) toConnection(e *bayeux.Effect) {
	out := entry{request: bayeux.Request{To: e.To}, numbered: e.Numbered, session: e.Session, upto: e.Upto,
		browser: e.Browser, stream: e.Type, endless: e.Anonymous, more: e.More, status: e.Status}
	data := r.fx.Messages(e)
	switch e.Kind {
	case bayeux.Reply:
		out.kind = entryReply
	case bayeux.Hold:
		out.kind, out.quiet = entryHold, true
	case bayeux.Close:
		out.kind = entryClose
	case bayeux.Abandon:
		out.kind = entryAbandon
	case bayeux.Stream:
		out.kind = entryStream
	case bayeux.EndStream:
		out.kind = entryEnd
	case bayeux.Refuse:
		out.kind = entryRefuse
	case bayeux.Deliver:
		out.kind = entryPush
		r.encoded = r.encode(r.encoded[:0], e)
		data = r.encoded
	}
	if e.To.Loop == r.id {
		r.carryOut(&out, data)
		return
	}
	r.post(e.To.Loop, out, data)
}

// publish posts an event to the other loops that have subscribers, or gives it to
// the log of sequenced channels, which posts it to all.
func (r *reactor) publish(e *bayeux.Effect) {
	if e.Sequenced {
		r.server.log.Publish(e.Event, r.server.rules.Of([]byte(e.Event.Channel())), r.stored(e.Ticket))
		return
	}
	set := r.server.interest.Of(e.Event.Channel())
	set.Remove(r.id)
	set.Each(func(loop uint16) {
		r.post(loop, entry{kind: entryPublish, event: e.Event}, nil)
	})
}

// written tells the owner of a session that a reply with events was written.
func (r *reactor) written(p reply) {
	if p.session.Loop == r.id {
		r.core.Written(r.now(), p.session, p.upto)
		return
	}
	r.post(p.session.Loop, entry{kind: entryWritten, session: p.session, upto: p.upto, quiet: !p.stream}, nil)
}

// bounced tells the owner of a session that a reply with events was not written.
func (r *reactor) bounced(p reply) {
	if p.session.Loop == r.id {
		r.core.Bounced(r.now(), p.session, p.upto)
		return
	}
	r.post(p.session.Loop, entry{kind: entryBounced, session: p.session, upto: p.upto}, nil)
}

// hold marks the connection whose connect is held, or tells the session that it
// is gone already.
func (r *reactor) hold(to bayeux.ReplyTo, session bayeux.Address) {
	c := r.conns.find(to)
	if c == nil {
		r.gone(session, to)
		return
	}
	if c.phase == upgraded {
		return
	}
	c.phase, c.held = holding, session
	r.wheel.Cancel(c.slot)
}

// gone tells the owner of a session that its held connect's connection closed.
func (r *reactor) gone(session bayeux.Address, to bayeux.ReplyTo) {
	if session.Loop == r.id {
		r.core.Gone(r.now(), session, to)
		return
	}
	r.post(session.Loop, entry{kind: entryGone, session: session, request: bayeux.Request{To: to}}, nil)
}

// overrun ends a request of which more came than may wait, and a websocket that sent
// too much ahead of a reply.
func (r *reactor) overrun(to bayeux.ReplyTo) {
	switch c := r.conns.find(to); {
	case c == nil:
	case c.phase == upgraded:
		r.cutSocket(c, "too much ahead of a reply")
	default:
		c.keepAlive = false
		r.respond(c, response{status: 413})
	}
}

// ask puts a question to whoever decides, and goes on with its verdict here. A
// panic there is a denial: the core must not wait for ever.
func (r *reactor) ask(e *bayeux.Effect) {
	ticket := e.Ticket
	to, decided := bayeux.Request{To: e.To}, false
	verdict := func(verdict bayeux.Verdict) {
		r.server.post(r.id, entry{kind: entryResume, request: to, call: func(r *reactor) {
			r.core.Resume(r.now(), ticket, verdict, &r.fx)
			r.perform()
		}}, nil)
	}
	defer func() {
		if !decided {
			verdict(bayeux.Deny)
		}
	}()
	r.server.cfg.Decide(*e.Question, verdict)
	decided = true
}
