package loop

import (
	"hash/maphash"
	"strconv"

	"halley/httpparse"
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

// overRate counts one more session that a client asks for, and tells whether its
// address has asked for too many.
func (rs *requests) overRate(c *conn, q *httpparse.Request) (wait int) {
	if !rs.shared.limits.Counts(limits.Handshakes) {
		return 0
	}
	_, wait = rs.take(c, q, limits.Use{limits.Handshakes: 1})
	return wait
}

// refuseHandshake answers a request for a session beyond its address's rate.
func (rs *requests) refuseHandshake(c *conn, wait int) {
	rs.counters.HTTPErrors++
	rs.output.respond(c, response{status: 429, contentType: plainText, body: []byte("too many handshakes\n"), fields: "Retry-After: " + strconv.Itoa(wait) + "\r\n"})
}
