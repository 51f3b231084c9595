package simulation

import (
	"slices"

	"halley/bayeux"
)

// request is what a client sends on a connection at once.
type request struct {
	kind    bayeux.ConnectionType
	session []byte // the first message's clientId
	body    []byte // a batch
	open    bool   // opens the session's event-stream
	events  []byte // patterns of an event-stream without Bayeux
	after   []byte // its cursor
}

// frame is what the server writes at once: a reply, or messages on a stream.
type frame struct {
	kind     bayeux.EffectKind
	to       bayeux.ReplyTo
	conn     *conn
	body     []byte
	numbered bool
	session  bayeux.Address
	upto     uint32
	gap      bool
	rolled   bool // the end of a stream that had become too long
	end      bool // the server has closed the connection, or ended the stream
	at       int64
	stamp    int  // order in which frames left the server
	left     bool // it has, but the loop may not have noticed
}

// conn is a TCP connection, seen from both its ends.
type conn struct {
	client    *client
	loop      *loop
	slot, gen uint32
	serial    uint32
	websocket bool

	open       bool // the server's end
	over       bool // … which has sent its last
	clientOpen bool
	ignored    bool // the client no longer looks at what comes
	stuck      bool // the client does not read

	up        []request // on the way to the server
	listed    bool      // in loop.inputs
	answering bool      // a request has no reply yet
	holding   bool      // … and is a held connect
	streaming bool
	endless   bool
	held      bayeux.Address   // of a held connect or a stream
	abroad    []*loop          // that its request, or a websocket's, went to
	sessions  []bayeux.Address // of a websocket
	unsent    []*frame         // whose fate the server does not know
	wire      []*frame         // on the way to the client
}

// dial opens a connection from c to any loop.
func (c *client) dial(websocket bool) *conn {
	k := &conn{client: c, websocket: websocket, open: true, clientOpen: true}
	c.w.loop().take(k)
	c.conns = append(c.conns, k)
	return k
}

// take gives a connection its place in a loop.
func (l *loop) take(k *conn) {
	var slot uint32
	if n := len(l.free); n > 0 {
		slot = l.free[n-1]
		l.free = l.free[:n-1]
		l.gens[slot]++
	} else {
		slot = uint32(len(l.conns))
		l.conns, l.gens = append(l.conns, nil), append(l.gens, 0)
	}
	k.loop, k.slot, k.gen, k.serial = l, slot, l.gens[slot], 1 // so that no request is the zero ReplyTo, as in the server
	l.conns[slot] = k
}

// relocate has the server take a connection from its loop to another one, with the requests that have come, if nothing else of
// it is under way.
func (k *conn) relocate(to *loop) {
	busy := k.answering && !to.w.strikes(bugMoveBusy, 2) || len(k.unsent) > 0
	if to == k.loop || !k.open || k.over || !k.clientOpen || k.websocket || busy {
		return
	}
	old := k.loop
	old.conns[k.slot] = nil
	old.free = append(old.free, k.slot)
	old.inputs = slices.DeleteFunc(old.inputs, func(other *conn) bool { return other == k })
	to.take(k)
	k.listed = false
	k.listen()
}

func (k *conn) replyTo() bayeux.ReplyTo {
	return bayeux.ReplyTo{Node: k.loop.w.node(k.loop.id), Loop: k.loop.id, Conn: k.slot, Gen: k.gen, Serial: k.serial}
}

// find returns the connection that waits for the answer to a request.
func (l *loop) find(to bayeux.ReplyTo) *conn {
	if int(to.Conn) >= len(l.conns) {
		return nil
	}
	k := l.conns[to.Conn]
	if k == nil || !k.open || k.gen != to.Gen || k.serial != to.Serial || !k.websocket && !k.answering {
		return nil
	}
	return k
}

// send puts a request on its way to the server.
func (k *conn) send(q request) {
	k.up = append(k.up, q)
	k.listen()
}

func (k *conn) listen() {
	if k.open && !k.over && !k.listed && len(k.up) > 0 && (k.websocket || !k.answering) {
		k.listed = true
		k.loop.inputs = append(k.loop.inputs, k)
	}
}

// write sends f, or keeps it while the client does not read. The news that it has
// left comes at once only if nothing waits.
func (k *conn) write(f *frame) {
	f.conn = k
	if k.stuck || len(k.unsent) > 0 {
		if len(k.unsent) == 0 {
			k.loop.slow = append(k.loop.slow, k)
		}
		k.unsent = append(k.unsent, f)
		if f.numbered && k.loop.w.strikes(bugWrittenEarly, 2) {
			k.loop.written(f)
		}
		if !k.stuck {
			k.release(len(k.unsent))
		}
		return
	}
	k.leaves(f)
	k.loop.written(f)
}

// leaves puts a frame on the wire.
func (k *conn) leaves(f *frame) {
	w := k.loop.w
	w.stamp++
	f.left, f.stamp = true, w.stamp
	if f.numbered && f.kind == bayeux.Reply {
		w.model.left(f.session)
	}
	if !k.clientOpen || k.ignored {
		k.client.loses(f, true)
		return
	}
	k.wire = append(k.wire, f)
}

// release lets at most n frames leave that waited.
func (k *conn) release(n int) {
	for _, f := range k.unsent {
		if n == 0 {
			return
		}
		if !f.left {
			k.leaves(f)
			n--
		}
	}
}

// checkSlow tells the fate of what has left since it was last looked at.
func (l *loop) checkSlow() {
	kept := l.slow[:0]
	for _, k := range l.slow {
		if !k.open {
			continue
		}
		k.unstick()
		if len(k.unsent) > 0 {
			kept = append(kept, k)
		}
	}
	clear(l.slow[len(kept):])
	l.slow = kept
}

func (k *conn) unstick() {
	for len(k.unsent) > 0 && k.unsent[0].left {
		f := k.unsent[0]
		k.unsent = k.unsent[1:]
		k.loop.written(f)
	}
}

// finish makes the connection ready for its next request.
func (k *conn) finish() {
	if k.websocket {
		return
	}
	k.serial++
	k.answering, k.holding, k.streaming, k.abroad = false, false, false, nil
	k.listen()
}

// shut ends the connection from the server's side once its output has left: the
// client sees its end behind all that was sent.
func (k *conn) shut() {
	k.serial++
	k.answering, k.holding, k.streaming = false, false, false
	k.write(&frame{kind: bayeux.Close, end: true, at: k.loop.w.now})
	k.up, k.over = nil, true
}

// endStream ends the response that is a stream; the connection lives on.
func (k *conn) endStream(rolled bool) {
	k.write(&frame{kind: bayeux.EndStream, end: true, rolled: rolled, at: k.loop.w.now})
	k.finish()
}

// rollOver ends a stream that has become too long.
func (k *conn) rollOver() {
	if k.endless || len(k.unsent) > 0 {
		return
	}
	session, to := k.held, k.replyTo()
	k.endStream(true)
	k.loop.gone(session, to)
}

func (k *conn) join(session bayeux.Address) {
	for _, a := range k.sessions {
		if a == session {
			return
		}
	}
	k.sessions = append(k.sessions, session)
}

func (k *conn) leave(session bayeux.Address) {
	for i, a := range k.sessions {
		if a == session {
			k.sessions = append(k.sessions[:i], k.sessions[i+1:]...)
			return
		}
	}
}

// abandon closes the connection on which a reply is stuck whose client came back
// elsewhere.
func (l *loop) abandon(to bayeux.ReplyTo) {
	if int(to.Conn) >= len(l.conns) {
		return
	}
	k := l.conns[to.Conn]
	if k == nil || !k.open || k.gen != to.Gen || len(k.unsent) == 0 {
		return
	}
	k.unstick()
	for _, f := range k.unsent {
		if f.numbered && f.to == to {
			l.closed(k)
			return
		}
	}
}

// closed lets go of a connection. What has not left goes back to its session.
func (l *loop) closed(k *conn) {
	to := k.replyTo()
	k.unstick()
	for _, f := range k.unsent {
		l.bounced(f)
	}
	k.unsent = nil
	switch {
	case l.w.strikes(bugForgetGone, 4):
	case k.websocket:
		for _, a := range k.sessions {
			l.gone(a, to)
		}
	case k.holding || k.streaming:
		l.gone(k.held, to)
	}
	k.open, k.up, k.sessions = false, nil, nil
	if k.clientOpen && !k.ignored {
		l.w.stamp++
		k.wire = append(k.wire, &frame{kind: bayeux.Close, conn: k, end: true, stamp: l.w.stamp, left: true, at: l.w.now})
	}
	l.conns[k.slot] = nil
	l.free = append(l.free, k.slot)
}

// notice sees that at most n clients have closed their connections.
func (l *loop) notice(n int) {
	for ; n > 0 && len(l.closing) > 0; n-- {
		i := l.w.rng.IntN(len(l.closing))
		k := l.closing[i]
		l.closing[i] = l.closing[len(l.closing)-1]
		l.closing = l.closing[:len(l.closing)-1]
		if k.open {
			l.closed(k)
		}
	}
}

// cut closes a connection from the client's side: what is on the wire is lost, and
// the server learns of it later. What the client sent may still be read, or not.
func (c *client) cut(k *conn) {
	if !k.clientOpen {
		return
	}
	k.clientOpen = false
	c.advised = true // or it may have been lost
	if k == c.main && c.connecting != 0 && c.kind == bayeux.EventSource {
		c.late++
	}
	if c.w.chance(2) {
		k.up = nil
	}
	for _, f := range k.wire {
		c.lost(f)
	}
	k.wire = nil
	if k.open {
		k.loop.closing = append(k.loop.closing, k)
	}
	for i, other := range c.conns {
		if other == k {
			c.conns = append(c.conns[:i], c.conns[i+1:]...)
			break
		}
	}
}

// ignore leaves a connection open that the client is through with. Its end comes
// when the client gets round to it.
func (c *client) ignore(k *conn) {
	for _, f := range k.wire {
		c.lost(f)
	}
	k.wire, k.ignored = nil, true
}
