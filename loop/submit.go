package loop

import (
	"halley/bayeux"
	"halley/httpparse"
	"halley/loop/front"
)

// submit scans a batch and hands it to the loop that owns its session: that of
// its first message, whose clientId names the loop.
func (r *reactor) submit(c *conn, q *httpparse.Request, kind bayeux.ConnectionType, body []byte) {
	if err := r.scanner.Scan(body, &r.batch); err != nil {
		r.counters.ScanErrors++
		r.fail(c, 400, err.Error())
		return
	}
	if r.tooManyHandshakes(c) {
		r.refuseHandshake(c)
		return
	}
	request := bayeux.Request{To: c.replyTo(r.place()), Type: kind, Browser: r.server.front.Browser(q, r.server.browsers.Named),
		Peer: r.peer(c, q), Program: !front.FromBrowser(q)}
	if bayeux.MayAsk(&r.batch) {
		var ok bool
		if request.Caller, ok = r.server.callerOf(c, q); !ok {
			r.refuseCaller(c)
			return
		}
	}
	r.toOwner(request, body)
}

// toOwner hands the scanned batch to the loop that owns its session.
func (r *reactor) toOwner(request bayeux.Request, body []byte) {
	if owner := r.owner(); owner != r.id {
		r.forward(owner, request, body)
		return
	}
	r.core.Handle(r.now(), request, &r.batch, &r.fx)
	if request.Peer != 0 {
		r.tellDamped(request.To)
	}
	r.keepInLine(request.To, len(body)+frameCost)
	r.perform()
}

// owner is the loop of the session that the scanned batch is for; this loop
// takes what belongs to none.
func (r *reactor) owner() uint16 {
	if len(r.batch.Messages) > 0 {
		a, ok := bayeux.ParseClientID(r.batch.Messages[0].ClientID)
		if ok && a.Node == r.server.node && r.server.isHome(a.Loop) {
			return a.Loop
		}
	}
	return r.id
}
