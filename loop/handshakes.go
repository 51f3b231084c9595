package loop

import (
	"hash/maphash"

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
		why := front.Refusal{Status: 503, Text: "the server is behind\n", Fields: rs.shared.admission.retryAfter()}
		rs.output.turnAway(c, why, websocket.CodeTryLater)
		return false
	}
	if !rs.shared.limits.Counts(limits.Handshakes) {
		return true
	}
	over, wait := rs.take(rs.client(c, q), limits.Use{limits.Handshakes: 1})
	if wait > 0 {
		rs.output.turnAway(c, tooMuch(over, wait), websocket.CodeTryLater)
	}
	return wait == 0
}
