package loop

import (
	"halley/bayeux"
	"halley/loop/bus"
)

// frameCost is what a forwarded frame takes beside its bytes.
const frameCost = bus.MessageCost

// forward hands a batch to the loop that owns its session.
func (r *reactor) forward(owner bayeux.Place, request bayeux.Request, body []byte) {
	m := bus.Message{To: owner, Kind: bus.Batch, Request: request, Data: body}
	size := len(body) + frameCost
	r.shared.memory.takes(size, r.now())
	c := r.conns.find(request.To)
	switch away := owner.Node != r.shared.cfg.node; {
	case c == nil:
	case c.phase == upgraded && away:
		r.errands.frame(c, owner.Node)
		m.Worked = c.stream.flows().AddAway(size, r.shared.ahead())
	case c.phase == upgraded:
		m.Flow = c.stream.flows()
		m.Flow.Add(size)
	case away:
		r.errands.request(c, owner.Node, &m)
	}
	r.route(&m)
}

// countBacklog notes that a batch of this loop's own websocket waits, if it does.
func (r *reactor) countBacklog(to bayeux.ReplyTo, size int) {
	if !r.core.Waits(to) {
		return
	}
	if c := r.conns.find(to); c != nil {
		flow := c.stream.flows()
		flow.Add(size)
		r.backlogs[to] = backlogBytes{flow, r.backlogs[to].bytes + size}
	}
}

// caughtUp takes what waited in line off its websocket's flow.
func (r *reactor) caughtUp(to bayeux.ReplyTo) {
	if l, waited := r.backlogs[to]; waited {
		delete(r.backlogs, to)
		r.workedOn(to, l.flow, l.bytes)
	}
}

// forwarded works on a batch that came to a connection of another loop, unless that
// has gone.
func (r *reactor) forwarded(m *bus.Message) {
	switch {
	case m.Flow != nil:
		defer r.handled(m.Request.To, m.Flow, len(m.Data)+frameCost)
	case m.Worked > 0:
		defer r.handled(m.Request.To, nil, int(m.Worked))
	}
	if r.left(m) {
		r.counters.Abandoned++
		return
	}
	r.handle(m.Request, m.Data)
}

// handle runs a batch through the core, here where its session lives. The body
// was scanned where it arrived, so it scans.
func (r *reactor) handle(request bayeux.Request, body []byte) {
	batch, err := r.requests.scan(body)
	if err != nil {
		r.shared.cfg.Log.Error("forwarded batch does not scan", "error", err)
		r.shared.link.Send(bus.Message{To: request.To.Place(), Kind: bus.Effect, Effect: &bayeux.Effect{Kind: bayeux.Close, To: request.To}})
		return
	}
	r.core.Handle(r.now(), request, batch, &r.fx)
	r.perform()
}

// opened makes a request the event-stream of a session of this loop, unless its client
// has gone.
func (r *reactor) opened(m *bus.Message) {
	if r.left(m) {
		r.counters.Abandoned++
		return
	}
	r.core.Open(r.now(), m.Request, m.Data, &r.fx)
	r.perform()
}

// left tells whether the client of a request has gone, as far as this node knows. One
// that took its leave with a close frame has what it sent before worked on.
func (r *reactor) left(m *bus.Message) bool {
	to, s := m.Request.To, r.shared
	if to.Node != s.cfg.node {
		return !s.link.Reaches(to.Node)
	}
	return !s.alive[to.Loop].is(to.Conn, to.Gen) && !m.Flow.Ended()
}

// handled notes that the core was given a batch from another loop, or that it was
// dropped: unless it waits there it has been worked on.
func (r *reactor) handled(to bayeux.ReplyTo, flow *bus.Flow, bytes int) {
	if r.core.Waits(to) {
		r.backlogs[to] = backlogBytes{flow, r.backlogs[to].bytes + bytes}
		return
	}
	r.workedOn(to, flow, bytes)
}

// workedOn takes the bytes of batches that were worked on, or dropped, off their
// websocket's flow, and has it read from again if it had to wait.
func (r *reactor) workedOn(to bayeux.ReplyTo, flow *bus.Flow, bytes int) {
	if flow == nil { // the websocket's node keeps it
		r.route(&bus.Message{To: to.Place(), Kind: bus.ReadOn, Request: bayeux.Request{To: to}, Worked: uint32(bytes)})
		return
	}
	if flow.Done(bytes, r.shared.ahead()) {
		r.shared.link.Send(bus.Message{To: to.Place(), Kind: bus.ReadOn, Request: bayeux.Request{To: to}})
	}
}

// readOn has a websocket read from again. Another node tells how much of what it has sent was worked on there.
func (r *reactor) readOn(m *bus.Message) {
	to := m.Request.To
	if m.Worked > 0 {
		c := r.conns.find(to)
		if c == nil || c.phase != upgraded || !c.stream.flow.Done(int(m.Worked), r.shared.ahead()) {
			return
		}
	}
	r.input.goOnReading(to)
}
