package loop

import (
	"halley/bayeux"
	"halley/httpparse"
	"halley/httpparse/websocket"
)

// upgrade makes a connection a websocket.
func (r *reactor) upgrade(c *conn, q *httpparse.Request) {
	caller, ok := r.server.callerOf(c, q)
	if !ok {
		r.refuseCaller(c)
		return
	}
	s := &stream{kind: bayeux.WebSocket, since: r.now(), source: r.source(c, q), caller: caller}
	s.deflate = r.server.cfg.WSCompressAbove > 0 && websocket.AcceptsDeflate(q.SecWebSocketExtensions)
	r.output.openSocket(c, s, q)
}

// submitFrame scans the batch of a message and hands it to the loop of its
// session.
func (r *reactor) submitFrame(c *conn, text []byte) {
	if err := r.scanner.Scan(text, &r.batch); err != nil {
		r.counters.ScanErrors++
		r.output.closeSocket(c, websocket.CodeInvalidData, err.Error())
		return
	}
	if r.tooManyHandshakes(c) {
		r.counters.HTTPErrors++
		r.output.closeSocket(c, websocket.CodeTryLater, "too many handshakes")
		return
	}
	r.counters.Requests++
	peer := uint64(0)
	if bayeux.HasHandshake(&r.batch) {
		peer = c.stream.source
	}
	r.toOwner(bayeux.Request{To: r.replyTo(c), Type: bayeux.WebSocket, Peer: peer, Caller: c.stream.caller}, text)
}
