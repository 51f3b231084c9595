package client

// request is what a connection has asked for.
type request uint8

const (
	none request = iota
	handshake
	subscribe
	firstConnect
	connect
	publish
	disconnect
	stream    // a response that does not end, held as connects are
	heartbeat // the connect of a session whose events come by an event-stream
)

// isHeld reports whether a server may hold the request, or what comes before it on the same connection.
func (r request) isHeld() bool { return r == connect || r == firstConnect || r == stream }

// suffix is what CometD's client adds to the path, and the meta channel without /meta.
func (r request) suffix() string {
	switch r {
	case handshake:
		return "/handshake"
	case firstConnect, connect, stream, heartbeat:
		return "/connect"
	case disconnect:
		return "/disconnect"
	}
	return "/"
}
