package loop

import (
	"halley/bayeux"
	"halley/bayeux/connectiontype"
	"halley/bayeux/event"
	"halley/httpparse"
	"halley/httpparse/websocket"
	"halley/loop/bus"
)

// stream is what a connection has beside its record while its response is a
// stream or it is a websocket. There are as many as idle clients, so one small
// record serves both.
type stream struct {
	since  int64  // when the response began, or a websocket's last message; milliseconds
	source uint64 // whom a websocket's handshakes come from
	sent   uint32 // bytes of the response's body
	kind   bayeux.ConnectionType

	chunked bool // HTTP/1.1: the connection outlives the stream
	endless bool // it never rolls over: nobody would come back for what was missed
	deflate bool // a websocket's messages may be compressed
	paused  bool // a websocket is not read from, because of the server

	caller   *bayeux.Caller       // of a websocket, by its upgrade; nil without an authority
	flow     *bus.Flow            // of a websocket whose batches go to other loops, or had to wait
	message  *websocket.Assembler // of a websocket's message that has come in part, if there is one
	sessions []bayeux.Address     // whose events go to a websocket
}

// formats are the streaming connection types whose stream is an HTTP response.
func formatOf(kind bayeux.ConnectionType) *connectiontype.Stream {
	switch kind {
	case bayeux.EventSource:
		return &connectiontype.EventSource
	case bayeux.Iframe:
		return &connectiontype.Iframe
	case bayeux.MimeMessageBlock:
		return &connectiontype.MimeMessageBlock
	}
	return &connectiontype.XHRStreaming
}

// opening is a request that becomes a stream of the session at session.
type opening struct {
	to      bayeux.ReplyTo
	session bayeux.Address
	kind    bayeux.ConnectionType
	endless bool
}

// openStream starts the response that is a stream. The first bytes go out at
// once, so that proxies release the head.
func (r *reactor) openStream(o opening, first []byte) {
	c := r.conns.find(o.to)
	if c == nil {
		r.gone(o.session, o.to)
		return
	}
	if c.phase == upgraded {
		r.joinSocket(c, o.session)
		return
	}
	format := formatOf(o.kind)
	c.phase, c.held = streaming, o.session
	if c.has(oldHTTP) { // (RFC 9112, 6.1 MUST NOT no-coding-in-answer)
		c.set(persistent, false)
	}
	c.stream = &stream{kind: o.kind, since: r.now(), chunked: !c.has(oldHTTP), endless: o.endless}
	r.payload = append(r.payload[:0], format.Prologue...)
	if format.Padding != 0 {
		for range r.server.cfg.StreamPadding {
			r.payload = append(r.payload, format.Padding)
		}
	}
	if len(first) > 0 {
		r.payload = format.Append(r.payload, first)
	}
	r.startHead(c, 200, false)
	r.out = httpparse.AppendField(r.out, "Content-Type", format.ContentType)
	r.out = append(r.out, "Cache-Control: no-store, no-transform\r\nX-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"...)
	if c.stream.chunked {
		r.out = append(r.out, "Transfer-Encoding: chunked\r\n"...)
	}
	r.out = httpparse.AppendEnd(r.out)
	r.appendBody(c, r.payload)
	r.beatLater(c)
	if r.send(c) {
		r.settle(c, reply{})
	}
}

// appendBody appends a piece of the response's body to r.out.
func (r *reactor) appendBody(c *conn, piece []byte) {
	c.stream.sent += uint32(len(piece))
	if c.stream.chunked {
		r.out = httpparse.AppendChunk(r.out, piece)
		return
	}
	r.out = append(r.out, piece...)
}

// encode appends the events of a Deliver in the form of their stream.
func (r *reactor) encode(dst []byte, e *bayeux.Effect) []byte {
	switch {
	case e.Type == bayeux.WebSocket:
		return r.appendFrames(dst, e)
	case e.Anonymous:
		name := ""
		if e.Gap {
			name = "gap"
		}
		r.fx.Each(e, func(message []byte) {
			id := int64(0)
			if name == "" {
				id = event.ID(message)
			}
			dst = connectiontype.AppendEvent(dst, name, id, message)
			name = ""
		})
		return dst
	}
	return formatOf(e.Type).Append(dst, r.fx.Messages(e))
}

// push writes a piece, which encode made, on its stream.
func (r *reactor) push(p reply, piece []byte) {
	c := r.conns.find(p.to)
	if c == nil || c.stream == nil {
		if p.numbered {
			r.bounced(p)
		}
		return
	}
	r.out = r.out[:0]
	if c.phase == upgraded {
		r.out = append(r.out, piece...)
		r.shrink(c)
	} else {
		r.appendBody(c, piece)
	}
	if !r.send(c) {
		if p.numbered {
			r.bounced(p)
		}
		return
	}
	if r.settle(c, p) && c.phase == streaming && int(c.stream.sent) > r.server.cfg.StreamBytes {
		r.rollOver(c)
	}
}

// soon is when the client of an event-stream that rolls over is to come back, in
// milliseconds. The next stream begins with the usual time.
const soon = 1

// rollOver ends a stream that has become too long or old. Its client opens the
// next; events wait in the session's queue meanwhile.
func (r *reactor) rollOver(c *conn) {
	if c.stream.endless {
		return
	}
	session, to := c.held, c.replyTo(r.place())
	r.endStream(c, soon)
	r.gone(session, to)
}

// endStream ends the response. The client of an event-stream comes back after
// retry milliseconds, or the time it was told before if that is 0.
func (r *reactor) endStream(c *conn, retry int64) {
	if r.draining {
		c.set(persistent, false)
	}
	r.out = r.out[:0]
	if retry > 0 && c.stream.kind == bayeux.EventSource {
		r.payload = connectiontype.AppendRetry(r.payload[:0], retry)
		r.appendBody(c, r.payload)
	}
	if epilogue := formatOf(c.stream.kind).Epilogue; epilogue != "" {
		r.appendBody(c, []byte(epilogue))
	}
	if c.stream.chunked {
		r.out = append(r.out, httpparse.LastChunk...)
	}
	c.stream = nil
	if len(r.out) > 0 {
		r.deliver(c, reply{})
		return
	}
	r.finish(c)
}

// end ends the stream to at its session's wish; a websocket is only left.
func (r *reactor) end(to bayeux.ReplyTo, session bayeux.Address) {
	c := r.conns.find(to)
	switch {
	case c == nil:
	case c.phase == streaming:
		r.endStream(c, 0)
	case c.phase == upgraded:
		c.stream.leave(session)
	}
}

// refuseStream answers a request for a stream that its session refused.
func (r *reactor) refuseStream(to bayeux.ReplyTo, status int, reason []byte) {
	if c := r.conns.find(to); c != nil {
		r.fail(c, status, string(reason))
	}
}

func (r *reactor) beatLater(c *conn) {
	r.wheel.Set(c.slot, r.now()+r.server.cfg.Heartbeat.Milliseconds())
}

// beat keeps a stream alive: proxies and browsers give up one that is silent.
// What has bytes waiting needs no more of them.
func (r *reactor) beat(c *conn) {
	r.beatLater(c)
	if c.phase == streaming && r.now()-c.stream.since > r.server.cfg.StreamAge.Milliseconds() && !c.stream.endless {
		r.rollOver(c)
		return
	}
	if c.phase == upgraded && r.timeUp(c) {
		return
	}
	if _, waiting := r.slow[c.slot]; waiting {
		return
	}
	r.out = r.out[:0]
	if c.phase == upgraded {
		r.out = append(r.out, pingFrame...)
	} else {
		r.appendBody(c, []byte(formatOf(c.stream.kind).Heartbeat))
	}
	if r.send(c) {
		r.settle(c, reply{})
	}
}
