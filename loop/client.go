package loop

// Proved by TestClients, TestCallers and TestProxyProtocol.

import (
	"net/netip"

	"halley/httpparse"
	"halley/loop/address"
)

// client is who sends a request by a connection. Without a request it is whose the connection is. All that goes by a client's
// address asks here: limits, authorities, sources of handshakes, the log.
func (m *common) client(c *conn, q *httpparse.Request) address.Client {
	return m.shared.trust.Client(m.peer(c), q)
}

// peer is whose a connection is: whoever opened it, or for whom a proxy has.
func (m *common) peer(c *conn) netip.AddrPort {
	if told, ok := m.told[c.slot]; ok {
		return told
	}
	return c.socket.Conn().Peer()
}

// belongs notes that a connection is a client's for as long as it lives, though a proxy has opened it.
func (m *common) belongs(c *conn, to netip.AddrPort) {
	if to == m.peer(c) {
		return
	}
	if m.told == nil {
		m.told = make(map[uint32]netip.AddrPort)
	}
	m.told[c.slot] = to
}

// nameOf is the address of a client as text, for people and authorities.
func nameOf(client netip.AddrPort) string {
	if !client.IsValid() {
		return "unix"
	}
	return netip.AddrPortFrom(client.Addr().Unmap(), client.Port()).String()
}
