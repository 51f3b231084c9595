package loop

import (
	"halley/bayeux"
	"halley/bayeux/connectiontype"
	"halley/httpparse"
)

// opening is a request that becomes a stream of the session at session.
type opening struct {
	to      bayeux.ReplyTo
	session bayeux.Address
	kind    bayeux.ConnectionType
	endless bool
}

// openStream starts the response that is a stream. The first bytes go out at
// once, so that proxies release the head.
func (o *output) openStream(p opening, first []byte) {
	c := o.conns.find(p.to)
	if c == nil {
		o.gone(p.session, p.to)
		return
	}
	if c.phase == upgraded {
		o.joinSocket(c, p.session)
		return
	}
	format := formatOf(p.kind)
	o.errands.done(c)
	c.phase, c.held = streaming, p.session
	if c.has(oldHTTP) { // (RFC 9112, 6.1 MUST NOT no-coding-in-answer)
		c.set(persistent, false)
	}
	c.stream = &stream{kind: p.kind, since: o.now(), chunked: !c.has(oldHTTP), endless: p.endless}
	o.counters.Waiting.begins(c)
	o.piece = o.appendPrologue(o.piece[:0], format)
	if len(first) > 0 {
		o.piece = format.Append(o.piece, first)
	}
	dst := o.appendHead(o.buf[:0], c, 200, false)
	dst = httpparse.AppendField(dst, "Content-Type", format.ContentType)
	dst = append(dst, "Cache-Control: no-store, no-transform\r\nX-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"...)
	if c.stream.chunked {
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	}
	o.buf = c.stream.appendPiece(httpparse.AppendEnd(dst), o.piece)
	o.beatLater(c)
	o.log.answers(c, 200, len(o.buf))
	o.write(c, o.buf, reply{})
}

// appendPrologue appends what a stream begins with, padded so that proxies and browsers let it through.
func (o *output) appendPrologue(dst []byte, format *connectiontype.Stream) []byte {
	dst = append(dst, format.Prologue...)
	if format.Padding != 0 {
		for range o.shared.cfg.StreamPadding {
			dst = append(dst, format.Padding)
		}
	}
	return dst
}

// appendPiece appends a piece of the response's body as it goes over the wire.
func (s *stream) appendPiece(dst, piece []byte) []byte {
	s.sent += uint32(len(piece))
	if s.chunked {
		return httpparse.AppendChunk(dst, piece)
	}
	return append(dst, piece...)
}

// push writes a piece, which an encoder made, on its stream.
func (o *output) push(p reply, piece []byte) {
	c := o.conns.find(p.to)
	if c == nil || c.stream == nil {
		o.bounced(p)
		return
	}
	if c.phase == upgraded {
		o.write(c, o.packed(c, piece), p)
		return
	}
	o.buf = c.stream.appendPiece(o.buf[:0], piece)
	if o.write(c, o.buf, p) && c.phase == streaming && int(c.stream.sent) > o.shared.live().StreamBytes {
		o.rollOver(c)
	}
}

// soon is when the client of an event-stream that rolls over is to come back, in
// milliseconds. The next stream begins with the usual time.
const soon = 1

// rollOver ends a stream that has become too long or old. Its client opens the
// next; events wait in the session's queue meanwhile.
func (o *output) rollOver(c *conn) {
	if c.stream.endless {
		return
	}
	session, to := c.held, o.replyTo(c)
	o.endStream(c, soon)
	o.gone(session, to)
}

// endStream ends the response. The client of an event-stream comes back after
// retry milliseconds, or the time it was told before if that is 0.
func (o *output) endStream(c *conn, retry int64) {
	if o.draining || c.has(leaving) {
		c.set(persistent, false)
	}
	dst := o.buf[:0]
	if retry > 0 && c.stream.kind == bayeux.EventSource {
		o.piece = connectiontype.AppendRetry(o.piece[:0], retry)
		dst = c.stream.appendPiece(dst, o.piece)
	}
	if epilogue := formatOf(c.stream.kind).Epilogue; epilogue != "" {
		dst = c.stream.appendPiece(dst, []byte(epilogue))
	}
	if c.stream.chunked {
		dst = append(dst, httpparse.LastChunk...)
	}
	o.counters.Waiting.ends(c)
	o.buf, c.stream = dst, nil
	if len(dst) > 0 {
		o.deliver(c, dst, reply{})
		return
	}
	o.finish(c)
}

// end ends the stream to at its session's wish; a websocket is only left.
func (o *output) end(to bayeux.ReplyTo, session bayeux.Address) {
	c := o.conns.find(to)
	switch {
	case c == nil:
	case c.phase == streaming:
		o.endStream(c, 0)
	case c.phase == upgraded:
		c.stream.leave(session)
	}
}

// refuseStream answers a request for a stream that its session refused.
func (o *output) refuseStream(to bayeux.ReplyTo, status int, reason []byte) {
	if c := o.conns.find(to); c != nil {
		o.fail(c, status, string(reason))
	}
}

// beat keeps a stream alive: proxies and browsers give up one that is silent.
// What has bytes waiting needs no more of them.
func (o *output) beat(c *conn) {
	o.beatLater(c)
	if c.phase == streaming && o.now()-c.stream.since > o.shared.live().StreamAge.Milliseconds() && !c.stream.endless {
		o.rollOver(c)
		return
	}
	if c.phase == upgraded && o.timeUp(c) {
		return
	}
	if _, waiting := o.slow[c.slot]; waiting {
		return
	}
	if c.phase == upgraded {
		o.write(c, pingFrame, reply{})
		return
	}
	o.buf = c.stream.appendPiece(o.buf[:0], []byte(formatOf(c.stream.kind).Heartbeat))
	o.write(c, o.buf, reply{})
}
