package loop

import (
	"sync/atomic"

	"halley/bayeux"
	"halley/httpparse/websocket"
)

// abroad is what a websocket has sent and has not been worked on: by other loops, or by
// its own because a batch before it waits. Both sides count: the websocket's loop adds,
// and the one of the session takes off.
type abroad struct {
	bytes atomic.Int64
	waits atomic.Bool // the websocket is not read from until there is room
	ended atomic.Bool // by its client's close frame: what came before it is still worked on
}

// frameCost is what a forwarded frame takes beside its bytes.
const frameCost = entrySize

// allows tells whether the websocket may send more. If not, its loop is told when it
// may. It may always send one frame.
func (a *abroad) allows(limit int) bool {
	if a == nil || a.bytes.Load() < int64(limit) {
		return true
	}
	a.waits.Store(true)
	return a.bytes.Load() < int64(limit) && a.waits.CompareAndSwap(true, false)
}

// forward hands a batch to the loop that owns its session.
func (r *reactor) forward(owner uint16, request bayeux.Request, body []byte) {
	e := entry{kind: entryForward, request: request}
	r.server.memory.takes(len(body)+frameCost, r.now())
	if c := r.conns.find(request.To); c != nil && c.phase == upgraded {
		e.abroad = c.stream.goesAbroad()
		e.abroad.bytes.Add(int64(len(body) + frameCost))
	}
	r.post(owner, e, body)
}

func (s *stream) goesAbroad() *abroad {
	if s.abroad == nil {
		s.abroad = new(abroad)
	}
	return s.abroad
}

// lined is what came by a websocket and waits in the core, behind a batch that waits
// for a verdict, for what is remembered, or for other clients to have their turn.
type lined struct {
	abroad *abroad
	bytes  int
}

// keepInLine notes that a batch of this loop's own websocket waits, if it does.
func (r *reactor) keepInLine(to bayeux.ReplyTo, size int) {
	if !r.core.Waits(to) {
		return
	}
	if c := r.conns.find(to); c != nil {
		a := c.stream.goesAbroad()
		a.bytes.Add(int64(size))
		r.lined[to] = lined{a, r.lined[to].bytes + size}
	}
}

// caughtUp takes what waited in line off what its websocket has abroad.
func (r *reactor) caughtUp(to bayeux.ReplyTo) {
	if l, waited := r.lined[to]; waited {
		delete(r.lined, to)
		r.cameHome(to, l.abroad, l.bytes)
	}
}

// forwarded works on a batch that came to a connection of another loop, unless that
// has gone.
func (r *reactor) forwarded(e *entry, body []byte) {
	if e.abroad != nil {
		defer r.handled(e.request.To, e.abroad, len(body)+frameCost)
	}
	if r.left(e) {
		r.counters.Abandoned++
		return
	}
	r.handle(e.request, body)
}

// opened makes a request that came to another loop the event-stream of a session of
// this one, unless its client has gone.
func (r *reactor) opened(e *entry) {
	if r.left(e) {
		r.counters.Abandoned++
		return
	}
	r.core.Open(r.now(), e.request, r.inbox.bytes(e), &r.fx)
	r.perform()
}

// left tells whether the client of a request that came to another loop has gone. One
// that took its leave with a close frame has what it sent before worked on.
func (r *reactor) left(e *entry) bool {
	to := e.request.To
	return !r.server.reactors[to.Loop].alive.is(to.Conn, to.Gen) && (e.abroad == nil || !e.abroad.ended.Load())
}

// handled notes that the core was given a batch from another loop, or that it was
// dropped: unless it waits there it has come home.
func (r *reactor) handled(to bayeux.ReplyTo, a *abroad, bytes int) {
	if r.core.Waits(to) {
		r.lined[to] = lined{a, r.lined[to].bytes + bytes}
		return
	}
	r.cameHome(to, a, bytes)
}

// cameHome takes the bytes of batches that were worked on, or dropped, off what their
// websocket has abroad.
func (r *reactor) cameHome(to bayeux.ReplyTo, a *abroad, bytes int) {
	left := a.bytes.Add(-int64(bytes))
	if left < int64(r.server.ahead()/2) && a.waits.CompareAndSwap(true, false) {
		r.post(to.Loop, entry{kind: entryGoOn, request: bayeux.Request{To: to}}, nil)
	}
}

// pause stops reading from a websocket that has to wait: it is too far ahead, or the
// turn has done enough. Where that cannot be had, it is closed when too much has come.
func (r *reactor) pause(c *conn) {
	c.stream.paused = true
	r.poller.SetReading(c.socket.Conn(), false)
	if c.socket.Buffered() > r.server.ahead()+maxLeak {
		r.cutSocket(c, "too much ahead")
	}
}

// unpause reads from a websocket again, or closes it if its client has gone meanwhile:
// what waits in the kernel is not worked on then. The wait does not count as its client's
// silence.
func (r *reactor) unpause(c *conn) (goesOn bool) {
	if conn := c.socket.Conn(); conn.HungUp() && conn.Unread() > 0 {
		r.counters.Abandoned++
		r.abort(c)
		return false
	}
	c.stream.paused, c.stream.since = false, r.now()
	r.poller.SetReading(c.socket.Conn(), true)
	return true
}

// rests leaves the rest of what came by a websocket for a later turn, if there is more
// and this turn has done enough.
func (r *reactor) rests(c *conn) bool {
	if c.phase != upgraded || !r.core.Tired() || c.socket.Buffered() == 0 {
		return false
	}
	r.resumed = append(r.resumed, c.replyTo(r.place()))
	r.pause(c)
	return true
}

// cutSocket closes a websocket that sends too much. What it has abroad is not begun.
func (r *reactor) cutSocket(c *conn, reason string) {
	r.counters.Floods++
	r.alive.clear(c.slot)
	r.closeSocket(c, websocket.CodePolicy, reason)
}

// maxLeak is what may be read of a connection that is not to be read from: gnet goes
// on to read when it has written what waited.
const maxLeak = 4 * readBuffer

// goOnReading has a websocket's input worked on again, or closes it if its client has gone
// meanwhile: what waits in the kernel is not worked on then.
func (r *reactor) goOnReading(to bayeux.ReplyTo) {
	c := r.conns.find(to)
	if c == nil || c.phase != upgraded {
		return
	}
	if c.socket.Conn().HungUp() {
		r.counters.Abandoned++
		r.abort(c)
		return
	}
	r.resumed = append(r.resumed, to)
}
