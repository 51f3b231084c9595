package loop

import (
	"halley/bayeux"
	"halley/httpparse"
	"halley/loop/front"
	"halley/loop/limits"
)

// submit scans a batch and hands it to the loop that owns its session: that of
// its first message, whose clientId names the loop.
func (rs *requests) submit(c *conn, q *httpparse.Request, kind bayeux.ConnectionType, body []byte) {
	batch, err := rs.scan(body)
	if err != nil {
		rs.counters.ScanErrors++
		rs.output.fail(c, 400, err.Error())
		return
	}
	handshake := bayeux.HasHandshake(batch)
	if handshake && !rs.letsIn(c, q) {
		return
	}
	rs.owes(c, q, limits.Use{limits.Messages: max(0, len(batch.Messages)-1)})
	request := bayeux.Request{To: rs.replyTo(c), Type: kind, Browser: rs.shared.front.Load().Browser(q, rs.shared.browsers.Named),
		Program: !front.FromBrowser(q)}
	if handshake {
		request.Peer = rs.source(c, q)
		if t := rs.output.tracing; t != nil {
			t.handshake(c, q, kind, rs.client(c, q).AddrPort)
		}
	}
	if rs.shared.watches || bayeux.MayAsk(batch) {
		var ok bool
		if request.Caller, ok = rs.callerOf(c, q); !ok {
			rs.refuseCaller(c)
			return
		}
	}
	rs.noteAsker(c, q)
	rs.owners.toOwner(request, batch, body)
}
