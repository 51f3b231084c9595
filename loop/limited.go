package loop

// Proved by TestAddressLimits, TestAddressLimitsOfSockets, TestAddressConnections, TestConnectionsBehindProxies and
// TestLimitsOfProxies.

import (
	"net/netip"
	"strconv"

	"halley/httpparse"
	"halley/loop/address"
	"halley/loop/front"
	"halley/loop/limits"
)

// take counts what a client needs against the limits of its address. Of what it has used up it tells the kind, and after how
// many seconds there is some left.
func (m *common) take(client address.Client, need limits.Use) (over limits.Kind, wait int) {
	if client.Proxy || !client.IsValid() {
		return 0, 0
	}
	if over, wait = m.shared.limits.Take(client.Addr(), need, m.now()); wait > 0 {
		m.refused(cause(over), client.AddrPort)
	}
	return over, wait
}

// limited refuses a request, whose head has n bytes, of a client whose address has used up its limits. What its body will
// have counts before that has come.
func (m *common) limited(c *conn, q *httpparse.Request, n int) (why front.Refusal) {
	if !m.shared.limits.Counts(limits.Messages) && !m.shared.limits.Counts(limits.Bytes) {
		return why
	}
	over, wait := m.take(m.client(c, q), limits.Use{limits.Messages: 1, limits.Bytes: n + int(max(0, q.ContentLength))})
	if wait > 0 {
		why = tooMuch(over, wait)
	}
	return why
}

// tooMuch is the answer to a client whose address has used up a limit.
func tooMuch(over limits.Kind, wait int) front.Refusal {
	return front.Refusal{Status: 429, Text: "too many " + over.String() + " from this address\n",
		Fields: "Retry-After: " + strconv.Itoa(wait) + "\r\n"}
}

// limitedFrame tells why a websocket has sent a frame of n bytes too many, if it has.
func (m *common) limitedFrame(c *conn, n int) (why string) {
	if !m.shared.limits.Counts(limits.Messages) && !m.shared.limits.Counts(limits.Bytes) {
		return ""
	}
	if over, wait := m.take(m.client(c, nil), limits.Use{limits.Messages: 1, limits.Bytes: n}); wait > 0 {
		return "too many " + over.String() + " from this address"
	}
	return ""
}

// owes counts the messages of a batch beyond the first, which has been let in, and bytes that no head has told of.
func (m *common) owes(c *conn, q *httpparse.Request, used limits.Use) {
	if !m.shared.limits.Counts(limits.Messages) && !m.shared.limits.Counts(limits.Bytes) {
		return
	}
	if client := m.client(c, q); !client.Proxy && client.IsValid() {
		m.shared.limits.Owe(client.Addr(), used, m.now())
	}
}

// opens counts a connection of its peer's address, if that may have one more.
func (m *common) opens(c *conn) bool {
	if !m.shared.limits.Counts(limits.Connections) {
		return true
	}
	client := m.client(c, nil)
	if client.Proxy || !client.IsValid() {
		return true
	}
	if !m.shared.limits.Open(client.Addr(), m.now()) {
		m.refused(manyConnections, client.AddrPort)
		return false
	}
	c.set(counted, true)
	return true
}

// occupies counts a request that a proxy sends for a client as a connection of that client until it is answered, unless that
// would be one too many.
func (m *common) occupies(c *conn, q *httpparse.Request) (why front.Refusal) {
	if !m.shared.trust.Any() || !m.shared.limits.Counts(limits.Connections) {
		return why
	}
	client := m.client(c, q)
	if client.Proxy || !client.IsValid() || client == m.client(c, nil) {
		return why
	}
	m.vacates(c)
	if !m.shared.limits.Open(client.Addr(), m.now()) {
		m.refused(manyConnections, client.AddrPort)
		return tooMuch(limits.Connections, busyWait)
	}
	if m.spokenFor == nil {
		m.spokenFor = make(map[uint32]netip.Addr)
	}
	m.spokenFor[c.slot] = client.Addr()
	return why
}

// busyWait is after how many seconds who has too many connections may come again.
const busyWait = 5

// vacates counts the request of a connection as one of its client's no more.
func (m *common) vacates(c *conn) {
	if len(m.spokenFor) == 0 {
		return
	}
	if client, is := m.spokenFor[c.slot]; is {
		m.shared.limits.Close(client, m.now())
		delete(m.spokenFor, c.slot)
	}
}

// closes counts a connection less.
func (m *common) closes(c *conn) {
	if c.has(counted) {
		m.shared.limits.Close(m.peer(c).Addr(), m.now())
	}
	m.vacates(c)
	delete(m.told, c.slot)
	delete(m.askers, c.slot)
}
