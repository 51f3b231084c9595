package loop

import (
	"hash/maphash"
	"strings"

	"halley/httpparse"
	"halley/httpparse/websocket"
	"halley/loop/address"
	"halley/loop/front"
	"halley/loop/limits"
)

// source stands for whom a request comes from: an address, and whatever tells its
// clients apart.
func (rs *requests) source(c *conn, q *httpparse.Request) uint64 {
	client := rs.client(c, q)
	rs.asker = client.AddrPort
	if !client.IsValid() || rs.shared.cfg.HandshakeStorm == 0 {
		return 0
	}
	var h maphash.Hash
	h.SetSeed(rs.shared.sources)
	maphash.WriteComparable(&h, address.Network(client.Addr()))
	front.WriteClient(&h, q)
	return h.Sum64() | 1
}

// letsIn tells whether a client may have one more session, and answers it if not: while the loops are late, or when its address
// has asked for too many. q is nil for a websocket.
func (rs *requests) letsIn(c *conn, q *httpparse.Request) bool {
	if rs.shared.moved.Load() {
		c.set(leaving, true)
	}
	if rs.shared.admission.behind() {
		rs.refused(serverBehind, rs.client(c, q).AddrPort)
		rs.refuseSession(c, front.Refusal{Status: 503, Text: "the server is behind\n", Fields: rs.shared.admission.retryAfter()})
		return false
	}
	if !rs.shared.limits.Counts(limits.Handshakes) {
		return true
	}
	over, wait := rs.take(c, q, limits.Use{limits.Handshakes: 1})
	if wait > 0 {
		rs.refuseSession(c, tooMuch(over, wait))
	}
	return wait == 0
}

// refuseSession answers a request for a session, or closes the websocket that asks for one.
func (rs *requests) refuseSession(c *conn, why front.Refusal) {
	rs.counters.HTTPErrors++
	if c.phase == upgraded {
		rs.output.closeSocket(c, websocket.CodeTryLater, strings.TrimSuffix(why.Text, "\n"))
		return
	}
	rs.output.respond(c, response{status: why.Status, contentType: plainText, body: []byte(why.Text), fields: why.Fields})
}
