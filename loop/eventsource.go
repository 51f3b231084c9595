package loop

import (
	"bytes"

	"halley/bayeux"
	"halley/bayeux/message"
	"halley/httpparse"
	"halley/loop/bus"
)

// eventSource opens the event-stream of a session, whose clientId is the last
// segment of the path, as Faye's clients ask for it.
func (r *reactor) eventSource(c *conn, q *httpparse.Request) {
	id := q.Path[bytes.LastIndexByte(q.Path, '/')+1:]
	r.route(&bus.Message{To: r.homeOf(id), Kind: bus.Open, Request: bayeux.Request{To: r.replyTo(c), Type: bayeux.EventSource}, Data: id})
}

// events opens an event-stream for a client that speaks no Bayeux: its channel
// parameters are what it subscribes to.
func (r *reactor) events(c *conn, q *httpparse.Request) {
	if r.overRate(c) { // a session is made for it
		r.refuseHandshake(c)
		return
	}
	patterns, valid := append(r.text[:0], '['), true
	var name []byte
	httpparse.Values(q.Query, "channel", func(raw []byte) bool {
		var err error
		name, err = httpparse.AppendUnescaped(name[:0], raw)
		if len(patterns) > 1 {
			patterns = append(patterns, ',')
		}
		patterns = message.AppendString(patterns, name)
		valid = err == nil
		return valid
	})
	r.text = append(patterns, ']')
	if !valid {
		r.output.fail(c, 400, "a channel parameter is not encoded as it should be")
		return
	}
	caller, ok := r.server.callerOf(c, q)
	if !ok {
		r.refuseCaller(c)
		return
	}
	request := bayeux.Request{To: r.replyTo(c), Type: bayeux.EventSource, Caller: caller}
	r.core.OpenEvents(r.now(), request, r.text, lastEvent(q), &r.fx)
	r.perform()
}

// lastEvent is the cursor where an event-stream goes on: what the browser sends
// by itself when it comes back, or else a parameter.
func lastEvent(q *httpparse.Request) bayeux.Cursor {
	if len(q.LastEventID) > 0 {
		return bayeux.Cursor{After: q.LastEventID, Automatic: true}
	}
	return bayeux.Cursor{After: httpparse.Value(q.Query, "lastEventId")}
}
