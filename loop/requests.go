package loop

// Proved by TestPagesTurnedAway, TestHandshakeStorm and TestCallersAreBounded.

import (
	"halley/bayeux"
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

// notAdmitted counts a page that was turned away, and logs it now and then, since
// the configuration may have forgotten it.
func (rs *requests) notAdmitted(q *httpparse.Request) {
	rs.counters.OriginsRefused++
	rs.turnedAway++
	if now := rs.now(); now >= rs.tellTurnedAway {
		rs.tellTurnedAway = now + turnedAwayEvery
		page := front.PageOrigin(q)
		rs.shared.cfg.Log.Warn("page of an origin that --allow-origin does not admit",
			"origin", string(page[:min(len(page), front.MaxOrigin)]), "host", string(q.Host), "times", rs.turnedAway)
		rs.turnedAway = 0
	}
}

// turnedAwayEvery is the least time between two log lines of pages turned away, in
// milliseconds.
const turnedAwayEvery = 60_000

// refuseCaller answers a request of which an authority would want too much.
func (rs *requests) refuseCaller(c *conn) {
	rs.output.fail(c, 431, "the header fields that decide about it are too long")
}
