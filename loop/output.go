package loop

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"halley/bayeux"
	"halley/bayeux/connectiontype"
	"halley/httpparse"
)

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

// unsent is a connection of which bytes still wait in user space.
type unsent struct {
	replies []stuck // with events, in order
	total   int     // bytes that came to wait so far, those that have left included
	gone    int     // of total, bytes that have left
	since   int64   // when some were last seen to have, in milliseconds
}

// stuck is a reply of which bytes wait. It has left with the byte at end, counted
// as total is.
type stuck struct {
	reply
	end   int
	since int64 // when it came to wait, in milliseconds
}

// answer sends the messages of p in the envelope that its request asked for.
func (r *reactor) answer(p reply, messages []byte) {
	c := r.conns.find(p.to)
	if c == nil {
		if p.numbered {
			r.bounced(p)
		}
		return
	}
	if p.numbered {
		r.counters.messagesOut++
	}
	if c.phase == upgraded {
		r.out = appendArrayFrame(r.out[:0], messages)
		r.shrink(c)
		if r.send(c) {
			r.settle(c, p)
		}
		return
	}
	r.startHead(c, 200, p.more)
	if p.browser != 0 {
		r.out = r.server.front.AppendCookie(r.out, p.browser)
	}
	if c.callback != nil {
		r.payload = connectiontype.AppendCallbackPolling(r.payload[:0], *c.callback, messages)
		r.out = append(r.out, "Content-Type: text/javascript;charset=utf-8\r\n"+
			"X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"...)
		r.endHead(len(r.payload))
		r.out = append(r.out, r.payload...)
	} else {
		r.out = append(r.out, "Content-Type: application/json;charset=utf-8\r\n"...)
		r.endHead(len(messages) + len("[]"))
		r.out = connectiontype.AppendLongPolling(r.out, messages)
	}
	r.deliver(c, p)
}

// deliver writes r.out, which ends the request, and tells what became of p.
func (r *reactor) deliver(c *conn, p reply) {
	if !r.send(c) {
		if p.numbered {
			r.bounced(p)
		}
		return
	}
	if r.settle(c, p) {
		r.finish(c)
	}
}

// settle tells what became of p after r.out, which ends with it, was written, or
// keeps it until its bytes have left. A connection that keeps more than one full
// reply and the limit is closed, which false tells: its client asks on and on
// without reading.
func (r *reactor) settle(c *conn, p reply) bool {
	u, waiting := r.slow[c.slot], c.socket.OutboundBuffered()
	c.delivered = c.delivered || p.numbered
	if u == nil && waiting == 0 {
		if p.numbered {
			r.written(p)
		}
		return true
	}
	if u == nil {
		u = r.stick(c)
	} else {
		u.total += len(r.out)
	}
	if p.numbered {
		u.replies = append(u.replies, stuck{p, u.total, r.now()})
	}
	if waiting > r.server.cfg.QueueBytes+r.server.cfg.MaxOutput {
		r.counters.slowClosed++
		r.abort(c)
		return false
	}
	return true
}

// stick notes that bytes of c wait.
func (r *reactor) stick(c *conn) *unsent {
	waiting := c.socket.OutboundBuffered()
	u := &unsent{total: waiting, since: r.now()}
	r.slow[c.slot] = u
	r.server.writable.watch(c.socket.Fd(), c.replyTo(r.place()))
	return u
}

// send writes r.out; false means that the connection closed over it.
func (r *reactor) send(c *conn) bool {
	gen := c.gen
	r.counters.bytesOut += uint64(len(r.out))
	rest := r.out
	if c.socket.OutboundBuffered() == 0 {
		rest = rest[writeNow(c.socket.Fd(), rest):]
	}
	if len(rest) == 0 {
		return true
	}
	_, err := c.socket.Write(rest)
	return err == nil && c.is(gen)
}

// response is an answer that is not a Bayeux reply.
type response struct {
	status      int
	contentType string
	body        []byte
	fields      string // further fields, each with its line end
}

// respond sends a response, which ends the request.
func (r *reactor) respond(c *conn, p response) {
	r.startHead(c, p.status, false)
	if p.contentType != "" {
		r.out = httpparse.AppendField(r.out, "Content-Type", p.contentType)
	}
	r.out = append(r.out, p.fields...)
	if p.status == 304 {
		r.out = httpparse.AppendEnd(r.out) // a length would be the page's (RFC 9110, 8.6 MUST NOT no-length)
	} else {
		r.endHead(len(p.body))
	}
	if !c.headOnly { // (RFC 9110, 9.3.2 MUST NOT head)
		r.out = append(r.out, p.body...)
	}
	r.deliver(c, reply{})
}

// startHead begins a response in r.out: the status line and what every one has. While the
// server drains the connection ends with it, unless its client is to get more by it.
func (r *reactor) startHead(c *conn, status int, more bool) {
	c.keepAlive = c.keepAlive && (more || !r.draining)
	r.out = httpparse.AppendHead(r.out[:0], status, r.httpDate())
	switch {
	case !c.keepAlive:
		r.out = append(r.out, "Connection: close\r\n"...) // (RFC 9112, 9.6 SHOULD close-told)
	case c.oldHTTP:
		r.out = append(r.out, "Connection: keep-alive\r\n"...)
	}
	r.out = r.server.front.AppendOrigin(r.out, c.origin)
}

// endHead ends the head of a response whose body has that many bytes.
func (r *reactor) endHead(length int) {
	r.out = httpparse.AppendEnd(httpparse.AppendContentLength(r.out, length))
}

// dateLayout is HTTP's form of a date (RFC 9110, 5.6.7 MUST date-form).
const dateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// httpDate returns the time as a Date field has it, made anew once a second.
func (r *reactor) httpDate() []byte {
	if second := r.now() / 1000; second != r.dated {
		r.dated = second
		r.date = time.Unix(second, 0).UTC().AppendFormat(r.date[:0], dateLayout)
	}
	return r.date
}

// finish makes the connection ready for its next request, or closes it.
func (r *reactor) finish(c *conn) {
	c.serial++
	c.callback, c.origin, c.seen, c.need = nil, 0, 0, 0
	c.headOnly = false
	if !c.keepAlive {
		r.shut(c)
		return
	}
	c.phase = reading
	r.wheel.Set(c.slot, r.now()+r.server.cfg.IdleTimeout.Milliseconds())
	if !c.inTurn && c.socket.InboundBuffered() > 0 {
		r.resumed = append(r.resumed, c.replyTo(r.place()))
	}
}

// lingerTime is how long a connection's input is read on after its last response
// (RFC 9112, 9.6 SHOULD lingering), in milliseconds: closing with input unread would reset the connection and take
// the response back.
const lingerTime = 2000

// shut closes a connection for good once its output has left.
func (r *reactor) shut(c *conn) {
	if c.socket.OutboundBuffered() > 0 {
		c.phase = closing
		if r.slow[c.slot] == nil {
			r.stick(c)
		}
		r.wheel.Set(c.slot, r.now()+r.server.cfg.BodyTimeout.Milliseconds())
		return
	}
	c.phase = lingering
	unix.Shutdown(c.socket.Fd(), unix.SHUT_WR)
	r.wheel.Set(c.slot, r.now()+lingerTime)
}

// abort closes a connection at once.
func (r *reactor) abort(c *conn) {
	if c.socket != nil {
		c.socket.EventLoop().Close(c.socket)
	}
}

// checkSlow looks after connections whose output did not leave at once. One that
// has read nothing for too long is closed; its events go back to their session.
func (r *reactor) checkSlow() {
	for slot, u := range r.slow {
		c := r.conns.At(slot)
		waiting := c.socket.OutboundBuffered()
		r.unstick(u, waiting)
		switch {
		case waiting == 0:
			r.drained(c)
		case r.now()-u.since > r.server.cfg.SlowTimeout.Milliseconds():
			r.counters.slowClosed++
			r.abort(c)
		}
	}
}

// lookAgain looks after the connection at slot, since its socket has become
// writable: gnet has written what it could meanwhile.
func (r *reactor) lookAgain(slot uint32) {
	u := r.slow[slot]
	if u == nil {
		return
	}
	c := r.conns.At(slot)
	waiting := c.socket.OutboundBuffered()
	if r.unstick(u, waiting); waiting == 0 {
		r.drained(c)
		return
	}
	r.server.writable.watch(c.socket.Fd(), c.replyTo(r.place()))
}

// unstick reports the replies whose bytes have all left, now that as many wait.
func (r *reactor) unstick(u *unsent, waiting int) {
	if gone := u.total - waiting; gone > u.gone {
		u.gone, u.since = gone, r.now()
	}
	for len(u.replies) > 0 && u.replies[0].end <= u.gone {
		first := &u.replies[0]
		if took := r.now() - first.since; first.stream && took > bayeux.LateAfter {
			r.report(bayeux.Report{Kind: bayeux.Late, Session: first.session, Took: uint32(took)}, false)
		}
		r.written(first.reply)
		u.replies = u.replies[1:]
	}
}

// drained goes on with a connection whose output has left.
func (r *reactor) drained(c *conn) {
	delete(r.slow, c.slot)
	if c.phase == closing {
		r.shut(c)
		return
	}
	r.resumed = append(r.resumed, c.replyTo(r.place()))
}

// abandon closes the connection of a reply that its client no longer waits for,
// so that the events in it go back to their session: unless they have left since
// the last tick, when the client may well have come back because it has them.
func (r *reactor) abandon(to bayeux.ReplyTo) {
	u := r.slow[to.Conn]
	if u == nil {
		return
	}
	c := r.conns.At(to.Conn)
	r.unstick(u, c.socket.OutboundBuffered())
	if slices.ContainsFunc(u.replies, func(p stuck) bool { return p.to == to }) {
		r.abort(c)
	}
}
