package loop

// Proved by TestPanicAmongEffects, TestRefusedIsNotDelivered and TestHop.

import (
	"errors"

	"halley/bayeux"
	codes "halley/bayeux/reply"
	"halley/loop/bus"
	"halley/loop/journal"
	"halley/loop/sequence"
)

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
		r.shared.log.Publish(e.Event, r.shared.rulesOf([]byte(e.Event.Channel())), r.stored(e.Ticket))
	case bayeux.Pass:
		r.shared.pass(e.Event, r.stored(e.Ticket))
	case bayeux.Join:
		r.shared.join(sequence.Query{From: r.place(), Part: sequence.First, Ticket: e.Ticket, Wanted: e.Wanted})
	case bayeux.Recall:
		r.shared.log.Recall(sequence.Query{From: r.place(), Part: sequence.Next, Session: e.Session, Ticket: e.Ticket, Wanted: e.Wanted})
	case bayeux.AddInterest:
		pattern := r.fx.Pattern(e)
		r.shared.interest.Add(pattern, r.id)
		r.shared.memory.takes(patternCopies*len(pattern)+patternBytes, r.now())
	case bayeux.RemoveInterest:
		r.shared.interest.Remove(r.fx.Pattern(e), r.id)
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

// toConnection has an effect carried out on a connection, here or on its loop. A Deliver
// goes there in the form of its stream.
func (r *reactor) toConnection(e *bayeux.Effect) {
	m := bus.Message{To: e.To.Place(), Kind: bus.Effect, Quiet: e.Kind == bayeux.Hold, Effect: e, Data: r.fx.Messages(e)}
	if e.Kind == bayeux.Deliver {
		m.Data = r.encoder.encode(&r.fx, e)
	}
	r.route(&m)
}

// carryOut carries out an effect on a connection of this loop.
func (r *reactor) carryOut(m *bus.Message) {
	e, data := m.Effect, m.Data
	switch e.Kind {
	case bayeux.Reply:
		r.output.answer(replyOf(e), data)
	case bayeux.Hold:
		r.output.hold(e.To, e.Session)
	case bayeux.Close:
		r.output.overrun(e.To)
	case bayeux.Abort:
		if c := r.conns.find(e.To); c != nil {
			r.abort(c)
		}
	case bayeux.Abandon:
		r.output.abandon(e.To)
	case bayeux.Stream:
		r.output.openStream(opening{to: e.To, session: e.Session, kind: e.Type, endless: e.Anonymous}, data)
	case bayeux.Deliver:
		r.output.push(replyOf(e), data)
	case bayeux.EndStream:
		r.output.end(e.To, e.Session)
	case bayeux.Refuse:
		r.output.refuseStream(e.To, int(e.Status), data)
	case bayeux.Yield:
		r.yielded(e, m.From)
	case bayeux.Guessed:
		r.guesses.count(e.To)
		return
	}
	r.forgetAsker(e.To)
}

// ask puts a question to the authority, and goes on with its verdict here. A panic
// there is a denial: the core must not wait for ever.
func (r *reactor) ask(e *bayeux.Effect) {
	to, ticket, asked := e.To, e.Ticket, false
	answer := func(verdict bayeux.Verdict) {
		verdict = r.shared.byOurClock(verdict)
		report := bayeux.Report{Kind: bayeux.Decided, To: to, Ticket: ticket, Verdict: &verdict}
		r.shared.link.Send(bus.Message{To: r.place(), Kind: bus.Report, Report: report})
	}
	defer func() {
		if !asked {
			answer(bayeux.Verdict{Ruling: bayeux.Deny})
		}
	}()
	r.shared.cfg.Authority.Ask(*e.Question, answer)
	asked = true
}

// stored returns what brings the news of an event's storing to the batch that
// waits for it under ticket, if one does.
func (r *reactor) stored(ticket bayeux.Ticket) func(error) {
	if ticket == 0 {
		return func(error) {}
	}
	return func(err error) {
		failure := codes.Success
		if err != nil {
			failure = codes.NotStored
		}
		if errors.Is(err, journal.ErrBusy) {
			failure = codes.Congested
		}
		r.shared.link.Send(bus.Message{To: r.place(), Kind: bus.Report,
			Report: bayeux.Report{Kind: bayeux.Stored, Ticket: ticket, Failure: failure.String()}})
	}
}

// yield asks, in a later turn, the loop of a batch's connection whether that is still
// there: the batch has made way for others, and is not begun again if it has gone.
func (r *reactor) yield(e *bayeux.Effect) {
	r.shared.link.Send(bus.Message{To: e.To.Place(), From: r.place(), Kind: bus.Effect, Effect: e})
}

// yielded has the batch of a loop go on that made way for others, or be given up.
func (r *reactor) yielded(e *bayeux.Effect, from bayeux.Place) {
	answer := bayeux.Report{Kind: bayeux.GoOn, To: e.To, Ticket: e.Ticket}
	if r.hasLeft(e.To) {
		answer.Kind = bayeux.GiveUp
	}
	r.report(from, answer)
}

// hasLeft tells whether the client of a request to this loop has gone. That one has
// which is not read from is known to nobody but the kernel.
func (r *reactor) hasLeft(to bayeux.ReplyTo) bool {
	c := r.conns.find(to)
	if c != nil && c.phase == upgraded && c.stream.paused && c.socket.Conn().HungUp() {
		r.abort(c)
		return true
	}
	return c == nil
}
