package client

import "context"

// Transport carries messages to the server and brings back its own.
type Transport interface {
	// ConnectionType is the transport's name on the wire.
	ConnectionType() string
	// Send carries one batch. It passes each body that the server sends in
	// answer, an array of messages, to receive in the order of arrival, and
	// returns when batch.Answered is closed, when no answer can come any more, or
	// when ctx is done. Several Sends may be under way at once.
	Send(ctx context.Context, batch Batch, receive func(body []byte) error) error
}

// Pusher is a Transport on which the server also speaks unasked. It has one
// connection at a time: Open comes again after Listen has returned.
type Pusher interface {
	Transport
	// Duplex reports whether the replies to what Send carries come by Listen too,
	// in one order with what is pushed. Such a connection is opened before the
	// handshake; another belongs to one session.
	Duplex() bool
	// Open makes the connection, for the session of a clientId or before any. It
	// is a *StatusError when the server answered that it will not.
	Open(ctx context.Context, clientID string) error
	// Listen passes each body to receive until the connection ends: by itself,
	// with an error, or because of Close. Nil is a regular end, after which the
	// next connection may be made at once.
	Listen(receive func(body []byte) error) error
	// Close ends the connection. More than one call does no harm.
	Close()
}

// Batch is what one Send carries.
type Batch struct {
	Body     []byte          // a JSON array of messages
	Answered <-chan struct{} // closed when each of them has its reply
}
