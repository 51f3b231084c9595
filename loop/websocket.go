package loop

import (
	"halley/bayeux"
	"halley/httpparse"
	"halley/httpparse/websocket"
	"halley/loop/limits"
)

// upgrade makes a connection a websocket.
func (rs *requests) upgrade(c *conn, q *httpparse.Request) {
	caller, ok := rs.callerOf(c, q)
	if !ok {
		rs.refuseCaller(c)
		return
	}
	if caller != nil {
		caller.Socket = uint64(rs.shared.cfg.node)<<48 | rs.shared.sockets.Add(1) // no other one of the cluster's
	}
	s := &stream{kind: bayeux.WebSocket, since: rs.now(), source: rs.source(c, q), caller: caller}
	rs.belongs(c, rs.client(c, q).AddrPort)
	s.deflate = rs.shared.cfg.WSCompressAbove > 0 && websocket.AcceptsDeflate(q.SecWebSocketExtensions)
	rs.output.openSocket(c, s, q)
}

// submitFrame scans the batch of a message and hands it to the loop of its
// session.
func (rs *requests) submitFrame(c *conn, text []byte) {
	batch, err := rs.scan(text)
	if err != nil {
		rs.counters.ScanErrors++
		rs.output.closeSocket(c, websocket.CodeInvalidData, err.Error())
		return
	}
	handshake := bayeux.HasHandshake(batch)
	if handshake && !rs.letsIn(c, nil) {
		return
	}
	rs.counters.Requests++
	rs.owes(c, nil, limits.Use{limits.Messages: max(0, len(batch.Messages)-1)})
	request := bayeux.Request{To: rs.replyTo(c), Type: bayeux.WebSocket, Caller: c.stream.caller}
	if handshake {
		request.Peer = c.stream.source
		if t := rs.output.tracing; t != nil {
			t.handshake(c, nil, bayeux.WebSocket, rs.peer(c))
		}
	}
	rs.owners.toOwner(request, batch, text)
}
