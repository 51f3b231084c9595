package loop

// Proved by TestGuessesAreLimited and TestGuessesByProxies.

import (
	"net/netip"

	"halley/bayeux"
	"halley/httpparse"
	"halley/httpparse/websocket"
	"halley/loop/limits"
)

// guesses refuses clients of an address that guesses too many clientIds.
type guesses struct {
	*common
	output *output
}

// count counts a request whose clientId is a guess, and refuses it if too many have come from its address. Whoever else is
// there goes on: a right clientId is served.
func (g *guesses) count(to bayeux.ReplyTo) {
	c := g.conns.find(to)
	if c == nil || !g.shared.limits.Counts(limits.Guesses) {
		return
	}
	client := g.client(c, nil)
	if asker, told := g.askers[c.slot]; told {
		client.AddrPort, client.Proxy = asker, false
	}
	if over, wait := g.take(client, limits.Use{limits.Guesses: 1}); wait > 0 {
		g.output.turnAway(c, tooMuch(over, wait), websocket.CodePolicy)
	}
}

// noteAsker keeps for whom a proxy sends a request, until it is answered or held: its clientId may turn out to be a guess on
// another loop.
func (m *common) noteAsker(c *conn, q *httpparse.Request) {
	if !m.shared.trust.Any() || !m.shared.limits.Counts(limits.Guesses) {
		return
	}
	delete(m.askers, c.slot)
	client := m.client(c, q)
	if client.Proxy || client == m.client(c, nil) {
		return
	}
	if m.askers == nil {
		m.askers = make(map[uint32]netip.AddrPort)
	}
	m.askers[c.slot] = client.AddrPort
}

// forgetAsker forgets for whom a request was sent, whose clientId is known to be none of the guessed ones.
func (m *common) forgetAsker(to bayeux.ReplyTo) {
	if len(m.askers) > 0 {
		delete(m.askers, to.Conn)
	}
}
