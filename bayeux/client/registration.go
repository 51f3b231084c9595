// Proved by TestSubscribeOptions and TestResumeAfterLostSession.

package client

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// The cursors that stand for no message.
const (
	Tip      int64 = -1 // only what is published from now on
	Earliest int64 = -2 // all that the server remembers
)

// Forgotten says what to do when the server has forgotten what follows a cursor.
type Forgotten uint8

// The policies for a cursor that is forgotten.
const (
	ForgottenFails    Forgotten = iota // the subscription fails
	ForgottenEarliest                  // go on with all that is left, some of which may have come before
	ForgottenTip                       // go on with what is published from now on
)

// SubscribeOption says more about a subscription.
type SubscribeOption func(*registration)

// Since has a subscription begin with what follows the message of an ID, or one
// of the cursors. It needs Options.Replay and a channel with a history.
func Since(id int64) SubscribeOption { return func(r *registration) { r.cursor = id } }

// Every asks for at most one message of a channel in so much time, the newest;
// the last one always comes (halley's extension conflate). The server rounds it to
// milliseconds and to the steps of its clock.
func Every(interval time.Duration) SubscribeOption {
	return func(r *registration) { r.interval = interval }
}

// registration is a subscription as the client remembers it.
type registration struct {
	pattern  string
	handler  Handler
	interval time.Duration
	tracks   bool             // the last messages are remembered, to go on after them
	cursor   int64            // what is handled up to, or where to begin; 0 is not known
	seen     map[string]int64 // the last ID handled of each channel
}

// fresh reports whether a message has not been handled yet. What a server
// replays may overlap with what came before.
func (r *registration) fresh(m *Message) bool {
	if m.ID == 0 || !r.tracks {
		return true
	}
	if m.ID <= r.seen[m.Channel] {
		return false
	}
	if r.seen == nil {
		r.seen = make(map[string]int64)
	}
	r.seen[m.Channel] = m.ID
	r.cursor = max(r.cursor, m.ID)
	return true
}

// request is the message that subscribes.
func (r *registration) request(session string, replay bool) request {
	var ext []byte
	if replay && r.cursor != 0 {
		ext = append(appendString(append(ext, `,"replay":{`...), r.pattern), ':')
		ext = append(strconv.AppendInt(ext, r.cursor, 10), '}')
	}
	if r.interval > 0 {
		ext = append(ext, `,"conflate":{"interval":`...)
		ext = append(strconv.AppendInt(ext, max(r.interval.Milliseconds(), 1), 10), '}')
	}
	if ext != nil {
		ext[0] = '{'
		ext = append(ext, '}')
	}
	return request{Channel: "/meta/subscribe", ClientID: session, Subscription: r.pattern, Ext: ext}
}

// isForgotten reports whether a subscription was refused for its cursor.
func isForgotten(err error) bool {
	var e *BayeuxError
	return errors.As(err, &e) && e.Code == 400 && strings.Contains(e.Text, "replayId")
}
