package loop

// Proved by TestConnectionLimit and TestPanicClosesOneConnection.

import (
	"time"

	"github.com/panjf2000/gnet/v2"

	"halley/loop/socket"
)

// gnetEvents brings what gnet tells of connections to their reactors.
type gnetEvents struct {
	gnet.BuiltinEventEngine
	shared *shared
	engine *engine

	steering *steering
}

// OnBoot implements gnet.EventHandler.
func (g *gnetEvents) OnBoot(current gnet.Engine) gnet.Action {
	if !g.engine.begins(current) {
		return gnet.Shutdown
	}
	g.steering.begins()
	g.engine.serves()
	return gnet.None
}

// OnShutdown implements gnet.EventHandler. It is called before the loops end, and their files are closed after that.
func (g *gnetEvents) OnShutdown(gnet.Engine) {
	g.steering.ends()
	g.engine.loops.close()
}

// OnTick implements gnet.EventHandler. gnet calls it once all loops run, and hardly again.
func (g *gnetEvents) OnTick() (time.Duration, gnet.Action) {
	g.engine.hosts()
	return 24 * time.Hour, gnet.None
}

// OnOpen implements gnet.EventHandler. Above the limit of connections the answer
// is 503, or an alert where TLS is spoken: the limit keeps the process below its
// limit of files, at which gnet would stop as a whole.
func (g *gnetEvents) OnOpen(conn gnet.Conn) ([]byte, gnet.Action) {
	if conn.Context() == (binder{}) {
		g.engine.reactorOf(conn.EventLoop())
		return nil, gnet.Close
	}
	r := g.engine.reactorOf(conn.EventLoop())
	if v, ok := conn.Context().(*moving); ok {
		return nil, r.arrives(conn, v)
	}
	listener := r.doors.listenerOf(conn, g.shared.listeners)
	g.shared.accepted.Add(1)
	if r.beginTurn() {
		defer r.turnOver()
	}
	plain := socket.Over(conn)
	if g.shared.connections.Add(1) > int64(g.shared.live().MaxConnections) {
		g.shared.refused.Add(1)
		r.refused(serverFull, plain.Conn().Peer())
		if g.shared.listeners[listener].TLS {
			return []byte(socket.AlertBusy), gnet.Close
		}
		return []byte(unheard("503 Service Unavailable", "too many connections at this server")), gnet.Close
	}
	c := r.conns.take(plain)
	c.names = cameBy(listener)
	switch {
	case g.shared.cover != nil:
		c.socket = g.shared.cover(&c.plain)
	case g.shared.listeners[listener].TLS:
		r.input.encryption.begin(c)
	}
	r.alive.set(c.slot, c.gen)
	conn.SetContext(c)
	g.steering.opened(listener, plain.Conn().Peer())
	if g.steering.on.Load() && takes(g.shared.listeners[listener]) {
		r.turns.Steered++
	}
	c.socket.Conn().SetLimits(g.shared.cfg.userTimeout(), g.shared.live().UnsentBytes)
	r.after(c, r.input.encryption.openTime(c))
	return r.input.introducer.admit(c)
}

// OnTraffic implements gnet.EventHandler.
func (g *gnetEvents) OnTraffic(from gnet.Conn) gnet.Action {
	c, ok := from.Context().(*conn)
	if !ok {
		return gnet.Close
	}
	r := g.engine.reactorOf(from.EventLoop())
	r.beginTurn()
	defer r.turnOver()
	r.input.serve(c)
	r.endTurn()
	return gnet.None
}

// OnClose implements gnet.EventHandler. It may run inside a Write to the same
// connection, so it only notes what happened.
func (g *gnetEvents) OnClose(of gnet.Conn, _ error) gnet.Action {
	switch of.Context() {
	case binder{}, socket.Left{}:
		return gnet.None
	}
	g.shared.connections.Add(-1)
	c, ok := of.Context().(*conn)
	if !ok {
		return gnet.None
	}
	r := g.engine.reactorOf(of.EventLoop())
	if r.beginTurn() {
		defer r.turnOver()
	}
	defer r.recovered("close")
	g.steering.closed(c.names.listener(), c.socket.Conn().Peer())
	r.closed(c)
	r.endTurn()
	return gnet.None
}
