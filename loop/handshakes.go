package loop

import (
	"hash/maphash"

	"halley/bayeux"
	"halley/httpparse"
	"halley/loop/front"
)

// peer stands for whom the scanned batch comes from if it is a handshake, else it is 0.
func (r *reactor) peer(c *conn, q *httpparse.Request) uint64 {
	if !bayeux.HasHandshake(&r.batch) {
		return 0
	}
	return r.source(c, q)
}

// source stands for whom a request comes from: an address, and whatever tells its
// clients apart.
func (r *reactor) source(c *conn, q *httpparse.Request) uint64 {
	peer := c.socket.Conn().Peer()
	if !peer.IsValid() || r.server.cfg.HandshakeStorm == 0 {
		return 0
	}
	var h maphash.Hash
	h.SetSeed(r.server.rates.seed)
	maphash.WriteComparable(&h, network(peer.Addr()))
	front.WriteClient(&h, q)
	return h.Sum64() | 1
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
	r.server.cfg.Log.Warn("handshakes of an address are refused, since no second connect follows them",
		"address", c.socket.Conn().Peer(), "times", damped-r.damped)
	r.damped, r.tellDampedAt = damped, r.now()+dampedEvery
}

// tooManyHandshakes tells whether the scanned batch is a handshake beyond its
// address's rate.
func (r *reactor) tooManyHandshakes(c *conn) bool {
	return bayeux.HasHandshake(&r.batch) && r.overRate(c)
}

// overRate counts one more session that a client asks for, and tells whether its
// address has asked for too many.
func (r *reactor) overRate(c *conn) bool {
	if r.server.cfg.HandshakeRate == 0 {
		return false
	}
	peer := c.socket.Conn().Peer()
	return peer.IsValid() && !r.server.rates.allow(peer.Addr(), r.now())
}

// refuseHandshake answers a request for a session beyond its address's rate.
func (r *reactor) refuseHandshake(c *conn) {
	r.counters.HTTPErrors++
	r.output.respond(c, response{status: 429, contentType: plainText, body: []byte("too many handshakes\n"), fields: "Retry-After: 1\r\n"})
}
