package loop

import (
	"bytes"

	"halley/bayeux"
	"halley/bayeux/connectiontype"
	"halley/bayeux/message"
	"halley/httpparse"
	"halley/loop/front"
)

// requests finds out what whole requests and messages ask for. It answers what concerns no session, and brings the rest to
// the owner of the session that it is for.
type requests struct {
	*common
	output  *output
	owners  owners
	scanner message.Scanner
	batch   message.Batch // scanned last, valid as long as its text
	text    []byte        // a batch or list that was put together from parameters, valid during its request

	turnedAway     int   // pages of other origins since the last log line of them
	tellTurnedAway int64 // when the next may be written
}

// owners brings what clients ask for to the loops of their sessions. What it is given is valid during the call.
type owners interface {
	// toOwner hands on a batch, scanned from body.
	toOwner(request bayeux.Request, batch *message.Batch, body []byte)
	// open makes a request the event-stream of the session of a clientId.
	open(request bayeux.Request, clientID []byte)
	// openEvents makes a request the event-stream of a new session with subscriptions, a JSON array.
	openEvents(request bayeux.Request, subscriptions []byte, from bayeux.Cursor)
}

// scan scans a batch. It is valid as long as its text, and until the next one.
func (rs *requests) scan(text []byte) (*message.Batch, error) {
	err := rs.scanner.Scan(text, &rs.batch)
	return &rs.batch, err
}

// dispatch hands a whole request to what it was decided to be for.
func (rs *requests) dispatch(c *conn, d *front.Decision, q *httpparse.Request, data []byte) {
	switch d.Endpoint {
	case front.Options:
		rs.output.respond(c, response{status: 200, fields: rs.server.front.Preflight(q, d.Origin)})
	case front.StaticPage:
		page := rs.server.front.Page(q)
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

// notAdmitted counts a page that was turned away, and logs it now and then, since
// the configuration may have forgotten it.
func (rs *requests) notAdmitted(q *httpparse.Request) {
	rs.counters.OriginsRefused++
	rs.turnedAway++
	if now := rs.now(); now >= rs.tellTurnedAway {
		rs.tellTurnedAway = now + turnedAwayEvery
		page := front.PageOrigin(q)
		rs.server.cfg.Log.Warn("page of an origin that --allow-origin does not admit",
			"origin", string(page[:min(len(page), front.MaxOrigin)]), "host", string(q.Host), "times", rs.turnedAway)
		rs.turnedAway = 0
	}
}

// turnedAwayEvery is the least time between two log lines of pages turned away, in
// milliseconds.
const turnedAwayEvery = 60_000
