package loop

import (
	"hash/maphash"

	"halley/httpparse"
	"halley/loop/front"
)

// source stands for whom a request comes from: an address, and whatever tells its
// clients apart.
func (rs *requests) source(c *conn, q *httpparse.Request) uint64 {
	peer := c.socket.Conn().Peer()
	if !peer.IsValid() || rs.shared.cfg.HandshakeStorm == 0 {
		return 0
	}
	var h maphash.Hash
	h.SetSeed(rs.shared.rates.seed)
	maphash.WriteComparable(&h, network(peer.Addr()))
	front.WriteClient(&h, q)
	return h.Sum64() | 1
}

// overRate counts one more session that a client asks for, and tells whether its
// address has asked for too many.
func (rs *requests) overRate(c *conn) bool {
	if rs.shared.cfg.HandshakeRate == 0 {
		return false
	}
	peer := c.socket.Conn().Peer()
	return peer.IsValid() && !rs.shared.rates.allow(peer.Addr(), rs.now())
}

// refuseHandshake answers a request for a session beyond its address's rate.
func (rs *requests) refuseHandshake(c *conn) {
	rs.counters.HTTPErrors++
	rs.output.respond(c, response{status: 429, contentType: plainText, body: []byte("too many handshakes\n"), fields: "Retry-After: 1\r\n"})
}
