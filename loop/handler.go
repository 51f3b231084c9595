package loop

import (
	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// OnOpen implements gnet.EventHandler. Above the limit of connections the answer
// is 503: the limit keeps the process below its limit of files, at which gnet
// would stop as a whole.
func (s *Server) OnOpen(socket gnet.Conn) ([]byte, gnet.Action) {
	if socket.Context() == (binder{}) {
		s.reactorOf(socket.EventLoop())
		return nil, gnet.Close
	}
	s.accepted.Add(1)
	if s.connections.Add(1) > int64(s.cfg.MaxConnections) {
		s.refused.Add(1)
		return []byte("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"), gnet.Close
	}
	r := s.reactorOf(socket.EventLoop())
	if r.beginTurn() {
		defer r.turnOver()
	}
	c := r.conns.take(socket)
	r.alive.set(c.slot, c.gen)
	socket.SetContext(c)
	// Unanswered bytes for so long mean that the peer is gone: the listener's
	// option would reach only the first loop's socket.
	unix.SetsockoptInt(socket.Fd(), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, userTimeout)
	if s.cfg.UnsentBytes > 0 {
		unix.SetsockoptInt(socket.Fd(), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, s.cfg.UnsentBytes)
	}
	r.wheel.Set(c.slot, r.now()+s.cfg.HeaderTimeout.Milliseconds())
	return nil, gnet.None
}

// userTimeout is how long written bytes may stay unacknowledged, in milliseconds.
const userTimeout = 60_000

// OnTraffic implements gnet.EventHandler.
func (s *Server) OnTraffic(socket gnet.Conn) gnet.Action {
	c, ok := socket.Context().(*conn)
	if !ok {
		return gnet.Close
	}
	r := s.reactorOf(socket.EventLoop())
	r.beginTurn()
	defer r.turnOver()
	r.serve(c)
	r.endTurn()
	return gnet.None
}

// OnClose implements gnet.EventHandler. It may run inside a Write to the same
// connection, so it only notes what happened.
func (s *Server) OnClose(socket gnet.Conn, _ error) gnet.Action {
	if socket.Context() == (binder{}) {
		return gnet.None
	}
	s.connections.Add(-1)
	c, ok := socket.Context().(*conn)
	if !ok {
		return gnet.None
	}
	r := s.reactorOf(socket.EventLoop())
	if r.beginTurn() {
		defer r.turnOver()
	}
	defer r.recovered("close")
	r.closed(c)
	r.endTurn()
	return gnet.None
}

// closed lets go of a connection. Events that it did not get go back to their
// session; what waits on it learns that it is gone.
func (r *reactor) closed(c *conn) {
	to := c.replyTo(r.place())
	back := false
	if u := r.slow[c.slot]; u != nil {
		delete(r.slow, c.slot)
		r.unstick(u, c.socket.OutboundBuffered())
		if back = len(u.replies) > 0; back {
			// gnet would still send what it can of the rest, and the events go out
			// again elsewhere.
			unix.Shutdown(c.socket.Fd(), unix.SHUT_WR)
		}
		for _, p := range u.replies {
			r.bounced(p.reply)
		}
	}
	if c.delivered && (c.stream != nil || c.phase == reading && !back) && unacknowledged(c.socket.Fd()) {
		r.counters.lostInFlight++
	}
	switch c.phase {
	case holding, streaming:
		r.gone(c.held, to)
	case upgraded:
		r.leaveSocket(c)
	}
	delete(r.bodies, c.slot)
	r.input -= int(c.input)
	r.wheel.Cancel(c.slot)
	r.alive.clear(c.slot)
	r.conns.Release(c.slot)
}

// unacknowledged tells whether the kernel still keeps bytes that the peer has
// not confirmed.
func unacknowledged(fd int) bool {
	n, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	return err == nil && n > 0
}
