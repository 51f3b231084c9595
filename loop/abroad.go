package loop

import (
	"sync/atomic"

	"golang.org/x/sys/unix"

	"halley/bayeux"
	"halley/httpparse/websocket"
)

// abroad is what a websocket has sent to sessions of other loops and they have not
// worked on. Both sides count: the websocket's loop adds, and theirs take off.
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
	if c := r.conns.find(request.To); c != nil && c.phase == upgraded {
		if c.stream.abroad == nil {
			c.stream.abroad = new(abroad)
		}
		e.abroad = c.stream.abroad
		e.abroad.bytes.Add(int64(len(body) + frameCost))
	}
	r.post(owner, e, body)
}

// forwarded works on a batch that came to a connection of another loop, unless that
// has gone.
func (r *reactor) forwarded(e *entry, body []byte) {
	if e.abroad != nil {
		defer r.cameHome(e, len(body)+frameCost)
	}
	if r.left(e) {
		r.counters.abandoned++
		return
	}
	r.handle(e.request, body)
}

// opened makes a request that came to another loop the event-stream of a session of
// this one, unless its client has gone.
func (r *reactor) opened(e *entry) {
	if r.left(e) {
		r.counters.abandoned++
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

// cameHome takes the bytes of a batch that was worked on, or dropped, off what its
// websocket has abroad.
func (r *reactor) cameHome(e *entry, bytes int) {
	left := e.abroad.bytes.Add(-int64(bytes))
	if left < int64(r.server.ahead()/2) && e.abroad.waits.CompareAndSwap(true, false) {
		r.post(e.request.To.Loop, entry{kind: entryGoOn, request: e.request}, nil)
	}
}

// waitAbroad stops reading from a websocket that is too far ahead of other loops.
// Where that cannot be had, it is closed when too much has come.
func (r *reactor) waitAbroad(c *conn) {
	r.setReading(c, false)
	if c.socket.InboundBuffered() > r.server.ahead()+maxLeak {
		r.cutSocket(c, "too much ahead of other loops")
	}
}

// cutSocket closes a websocket that sends too much. What it has abroad is not begun.
func (r *reactor) cutSocket(c *conn, reason string) {
	r.counters.floods++
	r.alive.clear(c.slot)
	r.closeSocket(c, websocket.CodePolicy, reason)
}

// maxLeak is what may be read of a connection that is not to be read from: gnet goes
// on to read when it has written what waited.
const maxLeak = 4 * readBuffer

// goOnReading reads from a websocket again, or closes it if its client has gone
// meanwhile: what waits in the kernel is not worked on then.
func (r *reactor) goOnReading(to bayeux.ReplyTo) {
	c := r.conns.find(to)
	if c == nil || c.phase != upgraded {
		return
	}
	if hungUp(c.socket.Fd()) {
		r.counters.abandoned++
		r.abort(c)
		return
	}
	r.setReading(c, true)
	r.resumed = append(r.resumed, to)
}

// hungUp tells whether the peer has closed the connection, even if bytes from before
// are still to be read.
func hungUp(fd int) bool {
	polls := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(polls, 0)
	return err == nil && n > 0
}
