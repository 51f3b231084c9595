package bayeux

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

// appendConnectionTypes appends the JSON array of all types. Salesforce has one,
// and its clients are to behave here as there.
func (s *Server) appendConnectionTypes(dst []byte) []byte {
	if s.terms.Salesforce {
		return append(dst, `["long-polling"]`...)
	}
	sep := byte('[')
	for _, t := range advertised {
		if t == CallbackPolling && s.cfg.NoCallback {
			continue
		}
		dst = append(dst, sep, '"')
		dst = append(append(dst, t.String()...), '"')
		sep = ','
	}
	return append(dst, ']')
}
