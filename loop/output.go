package loop

import (
	"halley/bayeux"
	"halley/loop/socket"
)

// output writes to the connections of a loop, and reports what became of the replies in it.
type output struct {
	*common
	reports  reporter
	draining bool               // connections close with their next response
	slow     map[uint32]*unsent // connections whose output waits, by slot
	log      *requestLog        // nil where no requests are logged
	tracing  *tracing           // nil where nobody traces
	packer   packer
	due      func(*conn) bool // it is to move to another loop when it rests
	date     httpDate
	buf      []byte // of what is written next
	piece    []byte // of a part of that
}

// reporter tells the loop of a session what became of an effect. If it is quiet, that loop need not be woken for it.
type reporter interface {
	fate(p bayeux.Report, quiet bool)
	// letGo has a session of another node end what it has its client wait for by a request here.
	letGo(session bayeux.Address, to bayeux.ReplyTo)
}

// reply is a Bayeux reply on its way to a connection. If it is numbered, the
// session's events up to upto are in it, and their owner is told their fate.
type reply struct {
	to       bayeux.ReplyTo
	numbered bool
	session  bayeux.Address
	upto     uint32
	browser  uint64 // a browser cookie to set, if not 0
	more     bool   // its client is to come for more by the same connection
	stream   bool   // more may follow as soon as this is written
}

// replyOf is what a Reply or Deliver tells of its events.
func replyOf(e *bayeux.Effect) reply {
	return reply{to: e.To, numbered: e.Numbered, session: e.Session, upto: e.Upto, browser: e.Browser, more: e.More,
		stream: e.Kind == bayeux.Deliver}
}

// deliver writes the end of a response, and tells what became of p, whose answer that is.
func (o *output) deliver(c *conn, end []byte, p reply) {
	if o.write(c, end, p) {
		o.finish(c)
	}
}

// write writes text, the last of p, and tells what became of that, or keeps it until its bytes have left. A connection
// that keeps more than one full reply and the limit is closed: its client asks on and on without reading. A full reply has
// what a queue may have, or one message that is larger. False means that the connection is closed.
func (o *output) write(c *conn, text []byte, p reply) bool {
	if !o.send(c, text) {
		o.bounced(p)
		return false
	}
	u := o.slow[c.slot]
	if p.numbered {
		c.set(delivered, true)
		if u == nil {
			o.written(p)
		} else {
			u.largest = max(u.largest, len(text))
			u.Mark(stuck{p, o.now()})
		}
	}
	if u != nil && c.socket.Unsent() > max(o.shared.live().QueueBytes, u.largest)+o.shared.cfg.MaxOutput {
		o.counters.SlowClosed++
		o.refused(tooSlow, o.peer(c))
		o.abort(c)
		return false
	}
	return true
}

// send writes text, and watches the connection if some of it waits. False means that the connection is closed.
func (o *output) send(c *conn, text []byte) bool {
	gen := c.gen
	o.counters.BytesOut += uint64(len(text))
	if c.socket.Write(text) != nil || !c.is(gen) {
		return false
	}
	o.waitFor(c, len(text))
	return true
}

// waitFor watches a connection if some of its output waits, of which n bytes were written just now.
func (o *output) waitFor(c *conn, n int) {
	if u := o.slow[c.slot]; u != nil {
		u.Wrote(n)
	} else if waiting := c.socket.Unsent(); waiting > 0 {
		u := &unsent{since: o.now()}
		u.Wrote(waiting)
		o.slow[c.slot] = u
		o.watch(c)
	}
}

// watch has lookAgain called when the kernel takes output of c again.
func (o *output) watch(c *conn) {
	o.shared.writable.Watch(c.socket.Conn(), socket.ID{Loop: o.id, Slot: c.slot})
}

// written tells the loop of a session that a reply with events was written.
func (o *output) written(p reply) {
	o.reports.fate(bayeux.Report{Kind: bayeux.Written, Session: p.session, Upto: p.upto}, !p.stream)
}

// bounced tells the loop of a session that a reply was not written, if it had events.
func (o *output) bounced(p reply) {
	if p.numbered {
		o.reports.fate(bayeux.Report{Kind: bayeux.Bounced, Session: p.session, Upto: p.upto}, false)
	}
}

// gone tells the loop of a session that the connection of its held connect, or of its stream, has closed.
func (o *output) gone(session bayeux.Address, to bayeux.ReplyTo) {
	o.reports.fate(bayeux.Report{Kind: bayeux.Gone, Session: session, To: to}, false)
}

// trim gives back what is kept between two turns.
func (o *output) trim() { o.buf, o.piece = nil, nil }

// unsent is a connection of which bytes still wait in user space, with the replies that have events.
type unsent struct {
	socket.Unsent[stuck]
	since   int64 // when bytes were last seen to have left, in milliseconds
	largest int   // bytes of the largest text with events that was written since some wait
}

// stuck is a reply of which bytes wait.
type stuck struct {
	reply
	since int64 // when it came to wait, in milliseconds
}

// tellLeft reports the replies whose bytes have all left, now that as many wait.
func (o *output) tellLeft(u *unsent, waiting int) {
	if u.Settle(waiting) {
		u.since = o.now()
	}
	for p, ok := u.Next(); ok; p, ok = u.Next() {
		if took := o.now() - p.since; p.stream && took > bayeux.LateAfter {
			o.reports.fate(bayeux.Report{Kind: bayeux.Late, Session: p.session, Took: uint32(took)}, false)
		}
		o.written(p.reply)
	}
}

// finish makes a connection ready for its next request, or closes it.
func (o *output) finish(c *conn) {
	o.counters.Waiting.ends(c)
	o.vacates(c)
	o.errands.done(c)
	c.serial++
	c.callback, c.names, c.bytes = nil, c.names.with(0), 0
	c.set(headOnly, false)
	if !c.has(persistent) {
		o.shut(c)
		return
	}
	c.phase = reading
	o.after(c, o.shared.live().IdleTimeout.Milliseconds())
	if c != o.serving && (c.socket.Buffered() > 0 || o.due(c)) {
		o.goOnWith(c)
	}
}

// lingerTime is how long a connection's input is read on after its last response
// (RFC 9112, 9.6 SHOULD lingering), in milliseconds: closing with input unread would reset the connection and take
// the response back.
const lingerTime = 2000

// shut closes a connection for good once its output has left.
func (o *output) shut(c *conn) {
	gen := c.gen
	if c.socket.Unsent() == 0 && c.socket.Shut() {
		c.phase = lingering
		o.after(c, lingerTime)
		return
	}
	if c.is(gen) {
		c.phase = closing
		o.after(c, o.shared.live().BodyTimeout.Milliseconds())
		o.waitFor(c, 0)
	}
}

func (o *output) beatLater(c *conn) { o.after(c, o.shared.live().Heartbeat.Milliseconds()) }
