package loop

// Proved by TestLoopsForwardToEachOther, TestEventSource and TestHandshakeStorm.

import (
	"halley/bayeux"
	"halley/bayeux/message"
	"halley/httpparse/websocket"
	"halley/loop/bus"
)

// toOwner hands a batch, scanned from body, to the loop that owns its session: that of its first message, whose clientId
// names the loop.
func (r *reactor) toOwner(request bayeux.Request, batch *message.Batch, body []byte) {
	if owner := r.owner(batch); owner != r.place() {
		r.passes(request, owner)
		r.forward(owner, request, body)
		return
	}
	r.mover.stays(request.To.Conn)
	r.core.Handle(r.now(), request, batch, &r.fx)
	if request.Peer != 0 {
		r.tellDamped(request.To)
	}
	r.countBacklog(request.To, len(body)+frameCost)
	r.perform()
}

// passes notes that a request goes to another loop.
func (r *reactor) passes(request bayeux.Request, to bayeux.Place) {
	r.turns.Forwarded++
	if c := r.conns.find(request.To); c != nil {
		r.mover.passes(c, to, request.Type != bayeux.LongPolling && request.Type != bayeux.CallbackPolling)
	}
}

// open makes a request the event-stream of the session of a clientId, on its loop.
func (r *reactor) open(request bayeux.Request, clientID []byte) {
	home := r.homeOf(clientID)
	if home != r.place() {
		r.passes(request, home)
	}
	m := bus.Message{To: home, Kind: bus.Open, Request: request, Data: clientID}
	if c := r.conns.find(request.To); c != nil && home.Node != r.shared.cfg.node {
		r.errands.request(c, home.Node, &m)
	}
	r.route(&m)
}

// openEvents makes a request the event-stream of a new session with subscriptions, a JSON array.
func (r *reactor) openEvents(request bayeux.Request, subscriptions []byte, from bayeux.Cursor) {
	r.core.OpenEvents(r.now(), request, subscriptions, from, &r.fx)
	r.perform()
}

// owner is the loop of the session that a batch is for.
func (r *reactor) owner(batch *message.Batch) bayeux.Place {
	if len(batch.Messages) == 0 {
		return r.place()
	}
	return r.homeOf(batch.Messages[0].ClientID)
}

// homeOf is the loop of the session that a clientId names. This loop takes those that
// name none, or none within reach.
func (r *reactor) homeOf(clientID []byte) bayeux.Place {
	a, ok := bayeux.ParseClientID(clientID)
	if s := r.shared; !ok || !s.link.Reaches(a.Node) || a.Node == s.cfg.node && !s.isHome(a.Loop) {
		return r.place()
	}
	return a.Place()
}

// dampedEvery is the least time between two log lines of refused handshakes, in
// milliseconds.
const dampedEvery = 60_000

// tellDamped logs, once in a while, that handshakes are refused since nothing follows
// those of their address.
func (r *reactor) tellDamped(to bayeux.ReplyTo) {
	damped := r.core.Stats().Damped
	c := r.conns.find(to)
	if damped == r.damped || c == nil || r.now() < r.tellDampedAt {
		return
	}
	r.shared.cfg.Log.Warn("handshakes of an address are refused, since no second connect follows them",
		"address", nameOf(r.asker), "times", damped-r.damped)
	r.damped, r.tellDampedAt = damped, r.now()+dampedEvery
}

// forsaken ends what a connection waits for, since the node of its session is gone or has not taken it: the client shakes hands
// anew, at once or as soon as it has come again.
func (r *reactor) forsaken(c *conn) {
	r.counters.Forsaken++
	e := r.errands.of[c.slot]
	switch {
	case c.phase == upgraded:
		r.output.closeSocket(c, websocket.CodeGoingAway, "the node of the session is gone")
	case c.phase == streaming:
		r.output.endStream(c, soon)
	case e == nil:
		r.abort(c)
	case e.kind == bus.Open:
		r.core.Open(r.now(), e.request, e.body, &r.fx)
		r.perform()
	default:
		r.handle(e.request.Forsaken(), e.body)
	}
}
