package loop

// Proved by TestProxyProtocol, TestProxyProtocolFaults and TestAddressConnections.

import (
	"fmt"

	"github.com/panjf2000/gnet/v2"

	"halley/loop/address"
	"halley/loop/socket"
)

// introducer lets connections in, and reads who they come from where a proxy says so.
type introducer struct {
	*common
	proxies address.ProxyReader
}

// admit lets a connection in, or turns it away: one too many of its address, or of a stranger where proxies are expected.
func (i *introducer) admit(c *conn) ([]byte, gnet.Action) {
	at := i.shared.listeners[c.names.listener()]
	switch {
	case at.Proxy && !i.shared.trust.Believes(i.peer(c).Addr()):
		i.refused(strangeProxy, i.peer(c))
		return nil, gnet.Close
	case at.Proxy:
		c.phase = introducing
	case !i.opens(c):
		return []byte(i.sorry(c)), gnet.Close
	}
	return nil, gnet.None
}

// introduce reads the header of the PROXY protocol with which a connection begins, below whatever else its bytes mean, and
// tells whether the connection goes on.
func (i *introducer) introduce(c *conn) bool {
	source, n, err := i.proxies.Read(c.plain.Peek(-1))
	if err != nil {
		i.refused(noProxyHeader, i.peer(c))
		i.abort(c)
		return false
	}
	if n == 0 {
		return false
	}
	c.plain.Discard(n)
	if source.IsValid() {
		i.belongs(c, source)
	}
	c.phase = reading
	if !i.opens(c) {
		i.turnAway(c)
		return false
	}
	return true
}

// turnAway ends a connection of an address that has too many.
func (i *introducer) turnAway(c *conn) {
	c.plain.Write([]byte(i.sorry(c)))
	i.abort(c)
}

// sorry is what such a connection gets to read, an alert where TLS is spoken.
func (i *introducer) sorry(c *conn) string {
	if i.shared.listeners[c.names.listener()].TLS {
		return socket.AlertBusy
	}
	return unheard("429 Too Many Requests", "too many connections from this address")
}

// unheard answers a connection that there is no place for, before it has asked anything.
func unheard(status, why string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: text/plain;charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"+
		"Content-Length: %d\r\nRetry-After: 5\r\nConnection: close\r\n\r\n%s\n", status, len(why)+1, why)
}
