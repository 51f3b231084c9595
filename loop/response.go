package loop

import (
	"time"

	"halley/httpparse"
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
	o.deliver(c, dst, reply{})
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
	if o.draining && !more {
		c.set(persistent, false)
	}
	dst = httpparse.AppendHead(dst, status, o.date.at(o.now()/1000))
	switch {
	case !c.has(persistent):
		dst = append(dst, "Connection: close\r\n"...) // (RFC 9112, 9.6 SHOULD close-told)
	case c.has(oldHTTP):
		dst = append(dst, "Connection: keep-alive\r\n"...)
	}
	return o.server.front.AppendOrigin(dst, c.origin)
}

// proceed tells a client that waits for it to send its body
// (RFC 9110, 10.1.1 MUST continue-final). False means that the connection is closed.
func (o *output) proceed(c *conn) bool {
	o.buf = append(o.buf[:0], httpparse.Continue...)
	return o.send(c, o.buf)
}

// httpDate is a time as a Date field has it, made anew once a second.
type httpDate struct {
	second int64 // since 1970
	text   []byte
}

// dateLayout is HTTP's form of a date (RFC 9110, 5.6.7 MUST date-form).
const dateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// at is the text for a second, valid until the next call.
func (d *httpDate) at(second int64) []byte {
	if second != d.second {
		d.second = second
		d.text = time.Unix(second, 0).UTC().AppendFormat(d.text[:0], dateLayout)
	}
	return d.text
}
