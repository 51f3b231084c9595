package loop

// Proved by TestProxyProtocol, TestProxyProtocolFaults and TestAddressConnections.

import "github.com/panjf2000/gnet/v2"

// admit lets a connection in, or turns it away: one too many of its address, or of a stranger where proxies are expected.
func (r *reactor) admit(c *conn) ([]byte, gnet.Action) {
	at := r.shared.listeners[c.names.listener()]
	switch {
	case at.Proxy && !r.shared.trust.Believes(r.peer(c).Addr()):
		r.refused(strangeProxy, r.peer(c))
		return nil, gnet.Close
	case at.Proxy:
		c.phase = introducing
	case !r.opens(c):
		if at.TLS {
			return nil, gnet.Close // there is nothing yet in which to say why
		}
		return []byte(tooManyConnections), gnet.Close
	}
	return nil, gnet.None
}

// introduce reads the header of the PROXY protocol with which a connection begins, below whatever else its bytes mean, and
// tells whether the connection goes on.
func (in *input) introduce(c *conn) bool {
	source, n, err := in.proxies.Read(c.plain.Peek(-1))
	if err != nil {
		in.refused(noProxyHeader, in.peer(c))
		in.abort(c)
		return false
	}
	if n == 0 {
		return false
	}
	c.plain.Discard(n)
	if source.IsValid() {
		in.belongs(c, source)
	}
	c.phase = reading
	if !in.opens(c) {
		in.turnAway(c)
		return false
	}
	return true
}

// turnAway ends a connection of an address that has too many.
func (in *input) turnAway(c *conn) {
	if !in.shared.listeners[c.names.listener()].TLS {
		c.plain.Write([]byte(tooManyConnections))
	}
	in.abort(c)
}

// tooManyConnections answers a connection that is one too many of its address.
const tooManyConnections = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"
