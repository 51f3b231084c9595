package loop

// Proved by TestLoopsForwardToEachOther, TestPanicBehindHeldPoll and TestDisplacedAcrossLoops.

import (
	"unsafe"

	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/loop/bus"
)

// route brings m to the loop that it is for: to this one at once, to another one of this
// node or of another by the link. It is the only place that decides this.
func (r *reactor) route(m *bus.Message) {
	if m.To == r.place() {
		r.take(m)
		return
	}
	r.shared.link.Send(*m)
}

// publish brings an event to the other loops that have subscribers.
func (r *reactor) publish(e event.Event) {
	set := r.shared.interest.Of(e.Channel())
	set.Remove(r.id)
	r.shared.publishTo(set, e)
	r.shared.relay(e)
	r.shared.spread(e)
	r.shared.tapped(e)
}

// receive takes a message out of the box. A panic over a request closes the connection that
// it came from, on whatever loop.
func (r *reactor) receive(m *bus.Message) {
	defer func() {
		if cause := recover(); cause != nil {
			r.panicked("message", cause)
			if to, waits := waitingClient(m); waits {
				r.shared.link.Send(bus.Message{To: to.Place(), Kind: bus.Effect, Effect: &bayeux.Effect{Kind: bayeux.Abort, To: to}})
			}
		}
	}()
	r.take(m)
	if len(r.fx.List) > 0 {
		r.perform()
	}
}

// runTask runs a task out of the box.
func (r *reactor) runTask(task func()) {
	defer r.recovered("task of the box")
	task()
}

// waitingClient is the request that m brings, if it brings one. The core itself sees to those that waited there.
func waitingClient(m *bus.Message) (to bayeux.ReplyTo, waits bool) {
	return m.Request.To, m.Kind == bus.Batch || m.Kind == bus.Open
}

// take does what a message to this loop is for.
func (r *reactor) take(m *bus.Message) {
	switch m.Kind {
	case bus.Effect:
		r.carryOut(m)
	case bus.Report:
		r.reported(&m.Report)
	case bus.Batch:
		r.forwarded(m)
	case bus.Open:
		r.opened(m)
	case bus.Publish:
		r.core.Deliver(r.now(), m.Event)
	case bus.ReadOn:
		r.readOn(m)
	case bus.LetGo:
		r.core.LetGoOf(r.now(), m.Report.Session, m.Report.To, &r.fx)
	case bus.Lost:
		if c := r.conns.find(m.Request.To); c != nil {
			r.forsaken(c)
		}
	}
}

// fate tells the loop of a session what became of an effect on a connection of this one.
func (r *reactor) fate(p bayeux.Report, quiet bool) {
	r.route(&bus.Message{To: p.Session.Place(), Kind: bus.Report, Quiet: quiet, Report: p})
}

// letGo has a session of another node end what it has its client wait for by a request here.
func (r *reactor) letGo(session bayeux.Address, to bayeux.ReplyTo) {
	r.route(&bus.Message{To: session.Place(), Kind: bus.LetGo, Report: bayeux.Report{Session: session, To: to}})
}

// report tells the core of the loop at to what became of an effect.
func (r *reactor) report(to bayeux.Place, p bayeux.Report) {
	r.route(&bus.Message{To: to, Kind: bus.Report, Report: p})
}

// reported gives the core a report. What follows from it is left in r.fx.
func (r *reactor) reported(p *bayeux.Report) {
	if p.Kind == bayeux.GiveUp {
		r.giveUp(p)
	}
	if p.Past != nil {
		r.shared.memory.takes(len(p.Past.Entries)*int(unsafe.Sizeof(history.Entry{})), r.now())
	}
	r.core.Report(r.now(), p, &r.fx)
}

// giveUp looks at a batch whose connection has gone before the core lets go of it. One of a
// websocket that took its leave with a close frame is handled all the same.
func (r *reactor) giveUp(p *bayeux.Report) {
	if r.backlogs[p.To].flow.Ended() {
		p.Kind = bayeux.GoOn
		return
	}
	r.counters.Abandoned++
}
