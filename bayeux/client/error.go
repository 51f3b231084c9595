package client

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json"
)

var (
	// ErrNoSession says that a method needs a handshake first.
	ErrNoSession = errors.New("client: no session")
	// ErrStopped says that the server advised reconnect none: it wants no
	// further connect from this client.
	ErrStopped = errors.New("client: the server ended the session")
	// ErrUnanswered says that a response came without the reply to one of the
	// messages sent.
	ErrUnanswered = errors.New("client: no reply with the id of the message")
	// ErrPassedOver says that a connection type does not get through, and another one is used.
	ErrPassedOver = errors.New("client: passed over")
	// ErrRunning says that Run is already in progress.
	ErrRunning = errors.New("client: already running")
	// ErrConnectionEnded says that the server closed a stream, or that there is no
	// connection at the moment.
	ErrConnectionEnded = errors.New("client: the connection has ended")
	// ErrSilent says that an event-stream brought nothing for Options.Silence.
	ErrSilent = errors.New("client: the event-stream is silent")
	// ErrClosed says that Disconnect has been called.
	ErrClosed = errors.New("client: disconnected")
)

// BayeuxError is a refusal by the server, the error field code:args:text of a
// reply (Bayeux 1.0, 3.13).
type BayeuxError struct {
	Code int    // three digits, 0 when the field has another form
	Args string // what the error is about, often empty
	Text string // for people
}

// Error is the field as it came.
func (e *BayeuxError) Error() string {
	if e.Code == 0 {
		return e.Text
	}
	return fmt.Sprintf("%03d:%s:%s", e.Code, e.Args, e.Text)
}

// parseError reads an error field. Servers that keep to no form have all of it
// in Text.
func parseError(field string) *BayeuxError {
	if field == "" {
		return &BayeuxError{Text: "refused without a reason"}
	}
	code, rest, ok := strings.Cut(field, ":")
	n, err := strconv.Atoi(code)
	if !ok || err != nil || len(code) != 3 || n < 0 {
		return &BayeuxError{Text: field}
	}
	args, text, ok := strings.Cut(rest, ":")
	if !ok {
		args, text = "", rest
	}
	return &BayeuxError{Code: n, Args: args, Text: text}
}

// Refusal is one message of a batch that the server refused.
type Refusal struct {
	Index int // in the batch
	Err   *BayeuxError
}

// BatchError tells which messages of a batch the server refused, in order. The
// others were published.
type BatchError struct{ Refused []Refusal }

// Error names the first message refused and counts them all.
func (e *BatchError) Error() string {
	first := e.Refused[0]
	return fmt.Sprintf("client: publish: message %d: %v (%d refused)", first.Index, first.Err, len(e.Refused))
}

// Unwrap gives the *BayeuxError of the first message refused.
func (e *BatchError) Unwrap() error { return e.Refused[0].Err }

// unknown reports whether a refusal, if it is one, says that there is no such session, in words that have no other meaning.
func (e *BayeuxError) unknown() bool {
	return e != nil && (e.Code == 402 || strings.EqualFold(e.Text, "unknown client"))
}

// isLost reports whether the server does not know the session: 402 by the
// specification's registry, 401 from Faye, 403::Unknown client elsewhere, or has ended it with its token.
func isLost(err error) bool {
	var e *BayeuxError
	if !errors.As(err, &e) {
		return false
	}
	return e.Code == 402 || e.Code == 401 || e.Code == 403 && (strings.EqualFold(e.Text, "unknown client") || e.Text == "authorization_expired")
}

// tokenExpired is what a server says of a token that was good once.
const tokenExpired = "token_expired"

// TokenExpired reports whether a server refused a token that was good once: the next one is fresh. The error is
// a *BayeuxError, or the *StatusError of an event-stream.
func TokenExpired(err error) bool {
	var e *BayeuxError
	var status *StatusError
	return errors.As(err, &e) && e.Text == tokenExpired || errors.As(err, &status) && strings.HasSuffix(status.Text, ":"+tokenExpired)
}

// DroppedError tells what the server dropped because the client was slow, or had
// forgotten before it could replay it: at least so many messages of each channel or
// pattern, those of "*" of any. Channels is nil if the server did not say.
type DroppedError struct{ Channels map[string]uint64 }

// Error names the channels.
func (e *DroppedError) Error() string {
	if len(e.Channels) == 0 {
		return "client: the server dropped messages"
	}
	var b strings.Builder
	b.WriteString("client: the server dropped messages:")
	for _, channel := range slices.Sorted(maps.Keys(e.Channels)) {
		fmt.Fprintf(&b, " %s %d", channel, e.Channels[channel])
	}
	return b.String()
}

// dropped reads what a server says of messages that it dropped, nil if nothing.
func dropped(ext json.RawMessage) *DroppedError {
	var fields struct {
		Dropped map[string]uint64 `json:"dropped"`
	}
	if !bytes.Contains(ext, []byte(`"dropped"`)) || json.Unmarshal(ext, &fields) != nil || len(fields.Dropped) == 0 {
		return nil
	}
	return &DroppedError{fields.Dropped}
}

// SubscriptionError tells which pattern a server refused after a handshake.
type SubscriptionError struct {
	Pattern string
	Err     *BayeuxError
}

// Error names the pattern.
func (e *SubscriptionError) Error() string {
	return fmt.Sprintf("client: subscribe %s: %v", e.Pattern, e.Err)
}

// Unwrap gives the refusal.
func (e *SubscriptionError) Unwrap() error { return e.Err }
