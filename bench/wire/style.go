package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Style is how a client holds its connection and wraps its messages.
type Style uint8

// The connection types. Events is none of Bayeux's: an event-stream of plain messages
// for clients that speak no Bayeux.
const (
	LongPolling      Style = iota // POST with a JSON body
	CallbackPolling               // GET with message= and jsonp=
	WebSocket                     // frames of RFC 6455
	EventSource                   // GET <mount>/<clientId>, as Faye's clients do it
	Events                        // GET /events?channel=…
	XHRStreaming                  // POST whose response brings an array a line
	Iframe                        // form POST whose response brings scripts that call with an array
	MimeMessageBlock              // POST whose response is multipart/x-mixed-replace
)

// ErrStyle says that a connection type is not one that the generator speaks.
var ErrStyle = errors.New("connection type")

// Styles are the names of all connection types, in the order of their values.
func Styles() []string {
	return []string{"long-polling", "callback-polling", "websocket", "eventsource", "events", "xhr-streaming", "iframe", "mime-message-block"}
}

// ParseStyle reads a connection type by its name on the wire.
func ParseStyle(name string) (Style, error) {
	i := slices.Index(Styles(), name)
	if i < 0 {
		return 0, fmt.Errorf("%w %q: the generator speaks %s", ErrStyle, name, strings.Join(Styles(), ", "))
	}
	return Style(i), nil
}

// String is the connection type's name on the wire.
func (s Style) String() string { return Styles()[s] }

// Streams reports whether messages come in one response that does not end.
func (s Style) Streams() bool { return s >= EventSource }

// Connections is how many connections a client has that was asked to use some: what is
// said beside a stream needs one of its own, and websockets and plain event-streams need no other.
func (s Style) Connections(asked int) int {
	switch {
	case s == WebSocket || s == Events:
		return 1
	case s.Streams():
		return 2
	}
	return asked
}
