// Package publish carries messages to a server, by its internal listener or as
// a Bayeux client.
package publish

import "context"

// Message is one publish; Data is one JSON value.
type Message struct {
	Channel string
	Data    []byte
}

// Refusal is a message that the server did not take. Those around it were
// published.
type Refusal struct {
	Index  int // in the batch
	Reason string
}

// Publisher publishes batches in order. An error means that the fate of the
// batch is unknown or that no other will fare better.
type Publisher interface {
	Publish(ctx context.Context, batch []Message) ([]Refusal, error)
	Close(ctx context.Context) error
}
