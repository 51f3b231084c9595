// Proved by bayeux/testdata/outlet-*.txt and bayeux/testdata/stream-eventsource.txt.

package bayeux

import "halley/bayeux/message"

// ConnectionType is a way to hold a connection, named on the wire in
// supportedConnectionTypes and connectionType (Bayeux 1.0, 3.4 MUST long-polling).
type ConnectionType uint8

// The connection types that a session can use. CrossOriginLongPolling is what
// Faye's browser client calls long-polling across origins.
const (
	LongPolling ConnectionType = iota
	CrossOriginLongPolling
	CallbackPolling
	WebSocket
	EventSource
	XHRStreaming
	Iframe
	MimeMessageBlock
	connectionTypes
)

var connectionTypeNames = [connectionTypes]string{
	WebSocket:              "websocket",
	EventSource:            "eventsource",
	XHRStreaming:           "xhr-streaming",
	Iframe:                 "iframe",
	MimeMessageBlock:       "mime-message-block",
	LongPolling:            "long-polling",
	CrossOriginLongPolling: "cross-origin-long-polling",
	CallbackPolling:        "callback-polling",
}

// advertised is the order in which a server's types are listed.
var advertised = [connectionTypes]ConnectionType{
	WebSocket, EventSource, XHRStreaming, Iframe, MimeMessageBlock, LongPolling, CrossOriginLongPolling, CallbackPolling,
}

// Known tells whether t is one of the types.
func (t ConnectionType) Known() bool { return t < connectionTypes }

// String returns the name on the wire.
func (t ConnectionType) String() string {
	if t.Known() {
		return connectionTypeNames[t]
	}
	return "none"
}

// streams tells whether a connect of type t opens a stream of events instead of
// waiting for one reply.
func (t ConnectionType) streams() bool {
	return t == XHRStreaming || t == Iframe || t == MimeMessageBlock
}

// answers tells whether a connect of type t is answered once, with what there is then:
// it polls.
func (t ConnectionType) answers() bool { return t.polls() || t == CallbackPolling }

// keepsStream tells whether an event-stream lives on beside a connect of type t.
func (t ConnectionType) keepsStream() bool { return t == EventSource || t.answers() }

// polls tells whether a request that type t carried waits for one HTTP reply that
// may become a stream.
func (t ConnectionType) polls() bool { return t == LongPolling || t == CrossOriginLongPolling }

// parseConnectionType finds the type that name stands for.
func parseConnectionType(name []byte) (ConnectionType, bool) {
	for t, known := range connectionTypeNames {
		if string(name) == known {
			return ConnectionType(t), true
		}
	}
	return 0, false
}

// offer is the connection types that a server has.
type offer struct {
	one      bool // long-polling alone is listed, as Salesforce does
	callback bool // callback-polling is among them
}

// append appends the JSON array of all types. Salesforce has one, and its clients are to
// behave here as there.
func (o offer) append(dst []byte) []byte {
	if o.one {
		return append(dst, `["long-polling"]`...)
	}
	sep := byte('[')
	for _, t := range advertised {
		if t == CallbackPolling && !o.callback {
			continue
		}
		dst = append(dst, sep, '"')
		dst = append(append(dst, t.String()...), '"')
		sep = ','
	}
	return append(dst, ']')
}

// hasCommon tells whether the client supports a connection type of ours
// (Bayeux 1.0, 4.1 MUST common-type). A client of old that sends no list at all is taken to.
func (o offer) hasCommon(m *message.Message) bool {
	if m.SupportedConnectionTypes == nil {
		return true
	}
	common := false
	message.Strings(m.SupportedConnectionTypes, func(name []byte) bool {
		t, known := parseConnectionType(name)
		common = common || known && !(t == CallbackPolling && !o.callback)
		return !common
	})
	return common
}
