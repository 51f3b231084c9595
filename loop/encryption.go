package loop

import (
	"runtime"
	"slices"

	"halley/loop/bus"
	"halley/loop/listen"
	"halley/loop/socket"
)

// encryption is what a loop does for connections that speak TLS, beside their sockets.
type encryption struct {
	*common
	output  *output
	box     *bus.Box
	serve   func(*conn)     // has input worked on
	scratch *socket.Scratch // of the loop's sockets; nil where nobody speaks TLS
}

// newHandshakes works out the handshakes of a server; nil where no connection has one.
func newHandshakes(s *shared) *socket.Handshakes {
	if !slices.ContainsFunc(s.listeners, func(l listen.Listener) bool { return l.TLS }) {
		return nil
	}
	atOnce := s.cfg.TLSHandshakes
	if atOnce == 0 {
		atOnce = max(1, runtime.GOMAXPROCS(0)/2)
	}
	return socket.NewHandshakes(s.cfg.TLS, atOnce, s.ahead()+readBuffer)
}

// newScratch is what the encrypted sockets of a loop share; nil where there are none.
func newScratch(s *shared) *socket.Scratch {
	if s.handshakes == nil {
		return nil
	}
	return socket.NewScratch()
}

// begin makes a connection that has just opened an encrypted one.
func (e *encryption) begin(c *conn) {
	slot, gen := c.slot, c.gen
	c.socket = e.shared.handshakes.NewTLS(&c.plain, e.scratch, func() {
		e.box.Do(func() {
			if c := e.conns.Find(slot, gen); c != nil {
				e.goOn(c)
			}
		})
	})
}

// openTime is how long a connection that opens has for its first request, or for its handshake, in milliseconds.
func (e *encryption) openTime(c *conn) int64 {
	if _, ok := c.socket.(*socket.TLS); ok {
		return e.shared.live().TLSHandshakeTimeout.Milliseconds()
	}
	return e.shared.live().HeaderTimeout.Milliseconds()
}

// goOn goes on with a connection whose handshake has.
func (e *encryption) goOn(c *conn) {
	gen := c.gen
	if t, ok := c.socket.(*socket.TLS); ok && t.Advance() {
		e.after(c, e.shared.live().HeaderTimeout.Milliseconds())
	}
	if c.is(gen) {
		e.serve(c)
	}
}

// usesTLS is what a client is told that speaks HTTP where TLS is spoken.
const usesTLS = "this port speaks TLS: use https:// or wss:// in place of http:// or ws://"

// ended closes a connection whose socket takes in no more. A client that speaks HTTP where TLS is spoken is told so, and one
// whose handshake has failed gets to read the alert that says why.
func (e *encryption) ended(c *conn, why error) {
	t, ok := c.socket.(*socket.TLS)
	if !ok || !t.Shaking() {
		e.abort(c)
		return
	}
	e.refused(noTLS, e.peer(c))
	e.shared.cfg.Log.Debug("no TLS handshake", "address", nameOf(e.peer(c)), "error", why)
	t.Closed()
	c.socket = &c.plain
	c.socket.Discard(-1)
	switch why {
	case socket.ErrPlainHTTP:
		c.set(persistent, false)
		e.output.fail(c, 400, usesTLS)
	case socket.ErrFull:
		e.abort(c)
	default:
		e.output.shut(c)
	}
}

// late closes a connection whose first request, or handshake, took too long.
func (e *encryption) late(c *conn) {
	if t, ok := c.socket.(*socket.TLS); ok {
		if t.Shaking() {
			e.refused(noTLS, e.peer(c))
		}
		t.Expire()
	}
	e.abort(c)
}

// trim gives back what is kept between two turns.
func (e *encryption) trim() {
	if e.scratch != nil {
		e.scratch.Trim()
	}
}

// identityOf is what the client of a connection has proved by its certificate, empty where it has proved nothing.
func identityOf(c *conn) string {
	if t, ok := c.socket.(*socket.TLS); ok {
		return t.Identity()
	}
	return ""
}
