package loop

import (
	"bytes"

	"halley/bayeux"
	"halley/bayeux/connectiontype"
	"halley/httpparse"
	"halley/loop/front"
)

// dispatch hands a whole request to what it was decided to be for.
func (rs *requests) dispatch(c *conn, d *front.Decision, q *httpparse.Request, data []byte) {
	switch d.Endpoint {
	case front.Options:
		rs.output.respond(c, response{status: 200, fields: rs.shared.front.Load().Preflight(q, d.Origin)})
	case front.StaticPage:
		page := rs.shared.front.Load().Page(q)
		rs.output.respond(c, response{page.Status, page.ContentType, page.Body, page.Fields})
	case front.Events:
		rs.events(c, q)
	case front.LongPolling:
		rs.longPoll(c, q, data)
	case front.CallbackPolling:
		rs.callback(c, q, d.Callback)
	case front.EventSource:
		rs.eventSource(c, q)
	case front.WebSocket:
		rs.upgrade(c, q)
	case front.Tunnel:
		rs.output.respond(c, response{status: 200, contentType: connectiontype.Iframe.ContentType,
			body: []byte(connectiontype.TunnelInit), fields: "Cache-Control: no-cache\r\n"})
	}
}

// longPoll handles a POST to a mount: its body is JSON, whatever type it claims
// to be, or a form with a field named message (Bayeux 1.0, 6.1).
func (rs *requests) longPoll(c *conn, q *httpparse.Request, data []byte) {
	body := bytes.TrimLeft(data, " \t\r\n")
	if len(body) == 0 || body[0] != '[' && body[0] != '{' {
		var ok bool
		if rs.text, ok = front.AppendMessages(rs.text[:0], body); !ok {
			rs.output.fail(c, 400, "the body is neither JSON nor a form with a message")
			return
		}
		body = rs.text
	}
	rs.submit(c, q, bayeux.LongPolling, body)
}

// callback handles a GET of a mount with a message parameter, whose answer calls a
// function (Bayeux 1.0, 6.2).
func (rs *requests) callback(c *conn, q *httpparse.Request, function string) {
	var ok bool
	if rs.text, ok = front.AppendMessages(rs.text[:0], q.Query); !ok {
		rs.output.fail(c, 400, "the message parameter is not encoded as it should be")
		return
	}
	c.callback = &function
	rs.submit(c, q, bayeux.CallbackPolling, rs.text)
}
