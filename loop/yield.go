package loop

import (
	"halley/bayeux"
	"halley/loop/bus"
)

// yield asks, in a later turn, the loop of a batch's connection whether that is still
// there: the batch has made way for others, and is not begun again if it has gone.
func (r *reactor) yield(e *bayeux.Effect) {
	r.server.link.Send(bus.Message{To: e.To.Place(), From: r.place(), Kind: bus.Effect, Effect: e})
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

// giveUp looks at a batch whose connection has gone before the core lets go of it. One of a
// websocket that took its leave with a close frame is handled all the same.
func (r *reactor) giveUp(p *bayeux.Report) {
	if r.lined[p.To].flow.Ended() {
		p.Kind = bayeux.GoOn
		return
	}
	r.counters.Abandoned++
}
