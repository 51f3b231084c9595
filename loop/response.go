package loop

// Proved by TestRefusalsNameTheOrigin, TestBodiesInEveryForm and TestCallbackPolling.

import (
	"strings"

	"halley/bayeux/connectiontype"
	"halley/httpparse"
	"halley/httpparse/websocket"
	"halley/loop/front"
)

// response is an answer that is not a Bayeux reply.
type response struct {
	status      int
	contentType string
	body        []byte
	fields      string // further fields, each with its line end
}

// respond sends a response, which ends the request.
func (o *output) respond(c *conn, p response) {
	dst := o.appendHead(o.buf[:0], c, p.status, false)
	if p.contentType != "" {
		dst = httpparse.AppendField(dst, "Content-Type", p.contentType)
	}
	if p.contentType == plainText { // what old browsers take for HTML if it looks like it
		dst = append(dst, "X-Content-Type-Options: nosniff\r\n"...)
	}
	dst = append(dst, p.fields...)
	if p.status == 304 {
		dst = httpparse.AppendEnd(dst) // a length would be the page's (RFC 9110, 8.6 MUST NOT no-length)
	} else {
		dst = appendLength(dst, len(p.body))
	}
	if !c.has(headOnly) { // (RFC 9110, 9.3.2 MUST NOT head)
		dst = append(dst, p.body...)
	}
	o.buf = dst
	o.log.answers(c, p.status, len(dst))
	o.tracing.answers(c, nil)
	o.deliver(c, dst, reply{})
}

// turnAway refuses a request, or closes the websocket by which it came with that code.
func (o *output) turnAway(c *conn, why front.Refusal, code websocket.Code) {
	o.counters.HTTPErrors++
	if c.phase == upgraded {
		o.closeSocket(c, code, strings.TrimSuffix(why.Text, "\n"))
		return
	}
	o.respond(c, response{status: why.Status, contentType: plainText, body: []byte(why.Text), fields: why.Fields})
}

const plainText = "text/plain;charset=utf-8"

// fail answers with an error status and its reason; the connection lives on if
// it may.
func (o *output) fail(c *conn, status int, reason string) {
	text := httpparse.Reason(status)
	if reason != "" && reason != text {
		text += ": " + reason
	}
	o.counters.HTTPErrors++
	o.respond(c, response{status: status, contentType: plainText, body: []byte(text + "\n")})
}

// appendHead begins a response: the status line and what every one has. While the server
// drains the connection ends with it, unless its client is to get more by it.
func (o *output) appendHead(dst []byte, c *conn, status int, more bool) []byte {
	if (o.draining || c.has(leaving)) && !more {
		c.set(persistent, false)
	}
	dst = httpparse.AppendHead(dst, status, o.date.at(o.now()/1000))
	switch {
	case !c.has(persistent):
		dst = append(dst, "Connection: close\r\n"...) // (RFC 9112, 9.6 SHOULD close-told)
	case c.has(oldHTTP):
		dst = append(dst, "Connection: keep-alive\r\n"...)
	}
	return o.shared.front.Load().AppendOrigin(dst, c.names.origin())
}

// proceed tells a client that waits for it to send its body
// (RFC 9110, 10.1.1 MUST continue-final). False means that the connection is closed.
func (o *output) proceed(c *conn) bool {
	o.buf = append(o.buf[:0], httpparse.Continue...)
	return o.send(c, o.buf)
}

// answer sends the messages of p in the envelope that its request asked for.
func (o *output) answer(p reply, messages []byte) {
	c := o.conns.find(p.to)
	if c == nil {
		o.bounced(p)
		return
	}
	o.tracing.answers(c, messages)
	if c.phase == upgraded {
		o.buf = appendArrayFrame(o.buf[:0], messages)
		o.write(c, o.packed(c, o.buf), p)
		return
	}
	dst := o.appendHead(o.buf[:0], c, 200, p.more)
	if p.browser != 0 {
		dst = o.shared.front.Load().AppendCookie(dst, p.browser)
	}
	if c.callback != nil {
		o.piece = connectiontype.AppendCallbackPolling(o.piece[:0], *c.callback, messages)
		dst = append(dst, "Content-Type: text/javascript;charset=utf-8\r\n"+
			"X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"...)
		dst = append(appendLength(dst, len(o.piece)), o.piece...)
	} else {
		dst = append(dst, "Content-Type: application/json;charset=utf-8\r\n"...)
		dst = connectiontype.AppendLongPolling(appendLength(dst, len(messages)+len("[]")), messages)
	}
	o.buf = dst
	o.log.answers(c, 200, len(dst))
	o.deliver(c, dst, p)
}

// appendLength ends the head of a response whose body has that many bytes.
func appendLength(dst []byte, length int) []byte {
	return httpparse.AppendEnd(httpparse.AppendContentLength(dst, length))
}
