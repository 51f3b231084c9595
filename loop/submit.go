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
		r.output.fail(c, 400, err.Error())
		return
	}
	if r.tooManyHandshakes(c) {
		r.refuseHandshake(c)
		return
	}
	request := bayeux.Request{To: r.replyTo(c), Type: kind, Browser: r.server.front.Browser(q, r.server.browsers.Named),
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
	if owner := r.owner(); owner != r.place() {
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

// owner is the loop of the session that the scanned batch is for.
func (r *reactor) owner() bayeux.Place {
	if len(r.batch.Messages) == 0 {
		return r.place()
	}
	return r.homeOf(r.batch.Messages[0].ClientID)
}

// homeOf is the loop of the session that a clientId names. This loop takes those that
// name none, or none within reach.
func (r *reactor) homeOf(clientID []byte) bayeux.Place {
	a, ok := bayeux.ParseClientID(clientID)
	if s := r.server; !ok || !s.link.Reaches(a.Node) || a.Node == s.cfg.node && !s.isHome(a.Loop) {
		return r.place()
	}
	return a.Place()
}
