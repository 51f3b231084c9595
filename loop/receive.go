package loop

import (
	"unsafe"

	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/loop/sequence"
)

// receive executes one entry of the mailbox. A panic over a request closes the
// connection that it came from, on whatever loop.
func (r *reactor) receive(e *entry) {
	defer func() {
		if cause := recover(); cause != nil {
			r.panicked("mailbox", cause)
			if to, waits := e.waitingClient(); waits {
				r.post(to.Loop, entry{kind: entryAbort, request: bayeux.Request{To: to}}, nil)
			}
		}
	}()
	to := e.request.To
	switch e.kind {
	case entryPublish:
		r.core.Deliver(r.now(), e.event)
	case entryForward:
		r.forwarded(e, r.inbox.bytes(e))
	case entryOpen:
		r.opened(e)
	case entryReport:
		r.reported(&e.report)
	case entryGoOn:
		r.goOnReading(to)
	case entryWritable:
		r.lookAgain(to.Conn)
	case entryYield:
		r.yielded(e.ticket, to, e.from)
	case entryCall:
		e.call(r)
	default:
		r.carryOut(e, r.inbox.bytes(e))
	}
}

// waitingClient is the request whose client waits for what e brings on: its connection
// closes if that fails.
func (e *entry) waitingClient() (to bayeux.ReplyTo, waits bool) {
	switch e.kind {
	case entryForward, entryOpen:
		return e.request.To, true
	case entryReport:
		return e.report.To, e.report.Kind == bayeux.Decided || e.report.Kind == bayeux.GoOn || e.report.Kind == bayeux.GiveUp
	}
	return to, false
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
		r.publish(e.Event)
	case bayeux.Sequence:
		r.server.log.Publish(e.Event, r.server.rules.Of([]byte(e.Event.Channel())), r.stored(e.Ticket))
	case bayeux.Join:
		r.server.log.Recall(sequence.Query{Loop: r.id, Part: sequence.First, Ticket: e.Ticket, Wanted: e.Wanted})
	case bayeux.Recall:
		r.server.log.Recall(sequence.Query{Loop: r.id, Part: sequence.Next, Session: e.Session, Ticket: e.Ticket, Wanted: e.Wanted})
	case bayeux.AddInterest:
		pattern := r.fx.Pattern(e)
		r.server.interest.Add(pattern, r.id)
		r.server.memory.takes(patternCopies*len(pattern)+patternBytes, r.now())
	case bayeux.RemoveInterest:
		r.server.interest.Remove(r.fx.Pattern(e), r.id)
	case bayeux.Decide:
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
		browser: e.Browser, stream: e.Type, endless: e.Anonymous, more: e.More, status: int(e.Status)}
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

// publish posts an event to the other loops that have subscribers.
func (r *reactor) publish(e event.Event) {
	set := r.server.interest.Of(e.Channel())
	set.Remove(r.id)
	set.Each(func(loop uint16) { r.post(loop, entry{kind: entryPublish, event: e}, nil) })
}

// written tells the owner of a session that a reply with events was written.
func (r *reactor) written(p reply) {
	r.report(bayeux.Report{Kind: bayeux.Written, Session: p.session, Upto: p.upto}, !p.stream)
}

// bounced tells the owner of a session that a reply with events was not written.
func (r *reactor) bounced(p reply) {
	r.report(bayeux.Report{Kind: bayeux.Bounced, Session: p.session, Upto: p.upto}, false)
}

// gone tells the owner of a session that its held connect's connection closed.
func (r *reactor) gone(session bayeux.Address, to bayeux.ReplyTo) {
	r.report(bayeux.Report{Kind: bayeux.Gone, Session: session, To: to}, false)
}

// report tells the core of the session's loop what became of an effect. If it is quiet, that
// loop need not be woken for it.
func (r *reactor) report(p bayeux.Report, quiet bool) {
	if p.Session.Place() == r.place() {
		r.core.Report(r.now(), &p, &r.fx)
		return
	}
	r.post(p.Session.Loop, entry{kind: entryReport, report: p, quiet: quiet}, nil)
}

// reported gives the core a report that came by the mailbox, and does what follows.
func (r *reactor) reported(p *bayeux.Report) {
	if p.Kind == bayeux.GiveUp {
		r.giveUp(p)
	}
	if p.Past != nil {
		r.server.memory.takes(len(p.Past.Entries)*int(unsafe.Sizeof(history.Entry{})), r.now())
	}
	r.core.Report(r.now(), p, &r.fx)
	r.perform()
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

// overrun ends a request of which more came than may wait, and a websocket that sent
// too much ahead of a reply.
func (r *reactor) overrun(to bayeux.ReplyTo) {
	switch c := r.conns.find(to); {
	case c == nil:
	case c.phase == upgraded:
		r.cutSocket(c, "too much ahead of a reply")
	default:
		c.set(persistent, false)
		r.respond(c, response{status: 413})
	}
}
