package loop

import (
	"bytes"

	"halley/bayeux"
	"halley/bayeux/connectiontype"
	"halley/httpparse"
	"halley/loop/front"
)

// dispatch hands a whole request to what it was decided to be for.
func (r *reactor) dispatch(c *conn, d *front.Decision, q *httpparse.Request, data []byte) {
	switch d.Endpoint {
	case front.Options:
		r.output.respond(c, response{status: 200, fields: r.server.front.Preflight(q, d.Origin)})
	case front.StaticPage:
		page := r.server.front.Page(q)
		r.output.respond(c, response{page.Status, page.ContentType, page.Body, page.Fields})
	case front.Events:
		r.events(c, q)
	case front.LongPolling:
		r.longPoll(c, q, data)
	case front.CallbackPolling:
		r.callback(c, q, d.Callback)
	case front.EventSource:
		r.eventSource(c, q)
	case front.WebSocket:
		r.upgrade(c, q)
	case front.Tunnel:
		r.output.respond(c, response{status: 200, contentType: connectiontype.Iframe.ContentType,
			body: []byte(connectiontype.TunnelInit), fields: "Cache-Control: no-cache\r\n"})
	}
}

// longPoll handles a POST to a mount: its body is JSON, whatever type it claims
// to be, or a form with a field named message (Bayeux 1.0, 6.1).
func (r *reactor) longPoll(c *conn, q *httpparse.Request, data []byte) {
	body := bytes.TrimLeft(data, " \t\r\n")
	if len(body) == 0 || body[0] != '[' && body[0] != '{' {
		var ok bool
		if r.text, ok = front.AppendMessages(r.text[:0], body); !ok {
			r.output.fail(c, 400, "the body is neither JSON nor a form with a message")
			return
		}
		body = r.text
	}
	r.submit(c, q, bayeux.LongPolling, body)
}

// callback handles a GET of a mount with a message parameter, whose answer calls a
// function (Bayeux 1.0, 6.2).
func (r *reactor) callback(c *conn, q *httpparse.Request, function string) {
	var ok bool
	if r.text, ok = front.AppendMessages(r.text[:0], q.Query); !ok {
		r.output.fail(c, 400, "the message parameter is not encoded as it should be")
		return
	}
	c.callback = &function
	r.submit(c, q, bayeux.CallbackPolling, r.text)
}

// notAdmitted counts a page that was turned away, and logs it now and then, since
// the configuration may have forgotten it.
func (r *reactor) notAdmitted(q *httpparse.Request) {
	r.counters.OriginsRefused++
	r.turnedAway++
	if now := r.now(); now >= r.tellTurnedAway {
		r.tellTurnedAway = now + turnedAwayEvery
		page := front.PageOrigin(q)
		r.server.cfg.Log.Warn("page of an origin that --allow-origin does not admit",
			"origin", string(page[:min(len(page), front.MaxOrigin)]), "host", string(q.Host), "times", r.turnedAway)
		r.turnedAway = 0
	}
}

// turnedAwayEvery is the least time between two log lines of pages turned away, in
// milliseconds.
const turnedAwayEvery = 60_000
