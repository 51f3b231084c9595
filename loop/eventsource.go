package loop

import (
	"bytes"

	"halley/bayeux"
	"halley/bayeux/message"
	"halley/httpparse"
)

// eventSource opens the event-stream of a session, whose clientId is the last
// segment of the path, as Faye's clients ask for it.
func (rs *requests) eventSource(c *conn, q *httpparse.Request) {
	id := q.Path[bytes.LastIndexByte(q.Path, '/')+1:]
	request := bayeux.Request{To: rs.replyTo(c), Type: bayeux.EventSource}
	if rs.shared.watches {
		var ok bool
		if request.Caller, ok = rs.callerOf(c, q); !ok {
			rs.refuseCaller(c)
			return
		}
	}
	rs.noteAsker(c, q)
	rs.owners.open(request, id)
}

// events opens an event-stream for a client that speaks no Bayeux: its channel
// parameters are what it subscribes to.
func (rs *requests) events(c *conn, q *httpparse.Request) {
	if !rs.letsIn(c, q) { // a session is made for it
		return
	}
	patterns, valid := append(rs.text[:0], '['), true
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
	rs.text = append(patterns, ']')
	if !valid {
		rs.output.fail(c, 400, "a channel parameter is not encoded as it should be")
		return
	}
	caller, ok := rs.callerOf(c, q)
	if !ok {
		rs.refuseCaller(c)
		return
	}
	request := bayeux.Request{To: rs.replyTo(c), Type: bayeux.EventSource, Caller: caller}
	rs.owners.openEvents(request, rs.text, lastEvent(q))
}

// lastEvent is the cursor where an event-stream goes on: what the browser sends
// by itself when it comes back, or else a parameter.
func lastEvent(q *httpparse.Request) bayeux.Cursor {
	if len(q.LastEventID) > 0 {
		return bayeux.Cursor{After: q.LastEventID, Automatic: true}
	}
	return bayeux.Cursor{After: httpparse.Value(q.Query, "lastEventId")}
}
