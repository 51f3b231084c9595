package loop

import (
	"time"

	"halley/bayeux"
	"halley/bayeux/connectiontype"
	"halley/httpparse"
	"halley/loop/socket"
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

// replyOf is what a Reply or Deliver tells of its events.
func replyOf(e *bayeux.Effect) reply {
	return reply{to: e.To, numbered: e.Numbered, session: e.Session, upto: e.Upto, browser: e.Browser, more: e.More,
		stream: e.Kind == bayeux.Deliver}
}

// unsent is a connection of which bytes still wait in user space, with the replies that have events.
type unsent struct {
	socket.Unsent[stuck]
	since int64 // when bytes were last seen to have left, in milliseconds
}

// stuck is a reply of which bytes wait.
type stuck struct {
	reply
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
	u := r.slow[c.slot]
	if p.numbered {
		c.set(delivered, true)
	}
	switch {
	case u == nil && p.numbered:
		r.written(p)
	case p.numbered:
		u.Mark(stuck{p, r.now()})
	}
	if u != nil && c.socket.Unsent() > r.server.cfg.QueueBytes+r.server.cfg.MaxOutput {
		r.counters.SlowClosed++
		r.abort(c)
		return false
	}
	return true
}

// wrote notes that n bytes were written to c, and watches it if some of them wait.
func (r *reactor) wrote(c *conn, n int) {
	if u := r.slow[c.slot]; u != nil {
		u.Wrote(n)
		return
	}
	if waiting := c.socket.Unsent(); waiting > 0 {
		u := &unsent{since: r.now()}
		u.Wrote(waiting)
		r.slow[c.slot] = u
		r.watch(c)
	}
}

// watch has lookAgain called when the kernel takes output of c again.
func (r *reactor) watch(c *conn) {
	r.server.writable.Watch(c.socket.Conn(), socket.ID{Loop: r.id, Slot: c.slot})
}

// outputMoves has the loop of a connection look at its output, since it may have left.
func (s *Server) outputMoves(at socket.ID) {
	s.do(at.Loop, func(r *reactor) { r.lookAgain(at.Slot) })
}

// send writes r.out; false means that the connection closed over it.
func (r *reactor) send(c *conn) bool {
	gen := c.gen
	r.counters.BytesOut += uint64(len(r.out))
	if c.socket.Write(r.out) != nil || !c.is(gen) {
		return false
	}
	r.wrote(c, len(r.out))
	return true
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
	if !c.has(headOnly) { // (RFC 9110, 9.3.2 MUST NOT head)
		r.out = append(r.out, p.body...)
	}
	r.deliver(c, reply{})
}

// startHead begins a response in r.out: the status line and what every one has. While the
// server drains the connection ends with it, unless its client is to get more by it.
func (r *reactor) startHead(c *conn, status int, more bool) {
	if r.draining && !more {
		c.set(persistent, false)
	}
	r.out = httpparse.AppendHead(r.out[:0], status, r.httpDate())
	switch {
	case !c.has(persistent):
		r.out = append(r.out, "Connection: close\r\n"...) // (RFC 9112, 9.6 SHOULD close-told)
	case c.has(oldHTTP):
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
	c.callback, c.origin, c.bytes = nil, 0, 0
	c.set(headOnly, false)
	if !c.has(persistent) {
		r.shut(c)
		return
	}
	c.phase = reading
	r.wheel.Set(c.slot, r.now()+r.server.cfg.IdleTimeout.Milliseconds())
	if c != r.serving && c.socket.Buffered() > 0 {
		r.resumed = append(r.resumed, c.replyTo(r.place()))
	}
}

// lingerTime is how long a connection's input is read on after its last response
// (RFC 9112, 9.6 SHOULD lingering), in milliseconds: closing with input unread would reset the connection and take
// the response back.
const lingerTime = 2000

// shut closes a connection for good once its output has left.
func (r *reactor) shut(c *conn) {
	if c.socket.Unsent() > 0 {
		c.phase = closing
		r.wheel.Set(c.slot, r.now()+r.server.cfg.BodyTimeout.Milliseconds())
		return
	}
	c.phase = lingering
	c.socket.Shut()
	r.wheel.Set(c.slot, r.now()+lingerTime)
}

// abort closes a connection at once.
func (r *reactor) abort(c *conn) {
	if c.socket != nil {
		c.socket.Conn().Close()
	}
}

// checkSlow looks after connections whose output did not leave at once. One that
// has read nothing for too long is closed; its events go back to their session.
func (r *reactor) checkSlow() {
	for slot, u := range r.slow {
		c := r.conns.At(slot)
		waiting := c.socket.Unsent()
		r.unstick(u, waiting)
		switch {
		case waiting == 0:
			r.drained(c)
		case r.now()-u.since > r.server.cfg.SlowTimeout.Milliseconds():
			r.counters.SlowClosed++
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
	waiting := c.socket.Unsent()
	if r.unstick(u, waiting); waiting == 0 {
		r.drained(c)
		return
	}
	r.watch(c)
}

// unstick reports the replies whose bytes have all left, now that as many wait.
func (r *reactor) unstick(u *unsent, waiting int) {
	if u.Settle(waiting) {
		u.since = r.now()
	}
	for p, ok := u.Next(); ok; p, ok = u.Next() {
		if took := r.now() - p.since; p.stream && took > bayeux.LateAfter {
			r.late(p.session, took)
		}
		r.written(p.reply)
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
	r.unstick(u, c.socket.Unsent())
	for p := range u.Each {
		if p.to == to {
			r.abort(c)
			return
		}
	}
}
