package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Style is how a client holds its connection and wraps its messages.
type Style uint8

// The connection types. Events, Sockets and Polls are none of Bayeux's: plain messages for clients
// that have no session.
const (
	LongPolling      Style = iota // POST with a JSON body
	CallbackPolling               // GET with message= and jsonp=
	WebSocket                     // frames of RFC 6455
	EventSource                   // GET <mount>/<clientId>, as Faye's clients do it
	Events                        // GET /events?channel=…
	XHRStreaming                  // POST whose response brings an array a line
	Iframe                        // form POST whose response brings scripts that call with an array
	MimeMessageBlock              // POST whose response is multipart/x-mixed-replace
	Sockets                       // a websocket whose messages are the events
	Polls                         // GET that is answered with the message behind the one that the last response was
)

// ErrStyle says that a connection type is not one that the generator speaks.
var ErrStyle = errors.New("connection type")

// Styles are the names of all connection types, in the order of their values.
func Styles() []string {
	return []string{"long-polling", "callback-polling", "websocket", "eventsource", "events", "xhr-streaming", "iframe", "mime-message-block", "sockets", "polls"}
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

// Streams reports whether messages come in one response that does not end, or in what takes its place.
func (s Style) Streams() bool { return s >= EventSource && s != Polls }

// Plain reports whether a client has no session, but is at once what its request makes it.
func (s Style) Plain() bool { return s == Events || s == Sockets || s == Polls }

// Upgrades reports whether the connection becomes a websocket.
func (s Style) Upgrades() bool { return s == WebSocket || s == Sockets }

// Connections is how many connections a client has that was asked to use some: what is
// said beside a stream needs one of its own, and websockets and clients without a session need no other.
func (s Style) Connections(asked int) int {
	switch {
	case s == WebSocket || s.Plain():
		return 1
	case s.Streams():
		return 2
	}
	return asked
}
