package client

import "context"

// Transport carries messages to the server and brings back its own.
type Transport interface {
	// ConnectionType is the transport's name on the wire.
	ConnectionType() string
	// Send carries one batch. It passes each body that the server sends, an
	// array of messages, to receive in the order of arrival, and returns when
	// batch.Answered is closed, when no answer can come any more, or when ctx
	// is done. A transport on which the server speaks unasked may call receive
	// at any time after its first Send. Several Sends may be under way at once.
	Send(ctx context.Context, batch Batch, receive func(body []byte) error) error
}

// Batch is what one Send carries.
type Batch struct {
	Body     []byte          // a JSON array of messages
	Answered <-chan struct{} // closed when each of them has its reply
}
