// Proved by TestBayeuxSplitsBatches and TestBayeuxErrors.

package publish

import (
	"context"
	"errors"

	"halley/bayeux/client"
)

// One request of a Bayeux client stays well below the servers' usual limits
// for a body and a batch.
const (
	maxRequestBytes    = 32 << 10
	maxRequestMessages = 100
)

// bayeux publishes as a client with a session, which is kept connected
// meanwhile so that it does not expire.
type bayeux struct {
	client *client.Client
	done   chan error
}

// Bayeux publishes as a client of the Bayeux endpoint at address.
func Bayeux(ctx context.Context, address string, o client.Options) (Publisher, error) {
	c, err := client.New(address, o)
	if err != nil {
		return nil, err
	}
	if err := c.Handshake(ctx); err != nil {
		c.Close()
		return nil, err
	}
	p := &bayeux{client: c, done: make(chan error, 1)}
	go func() { p.done <- c.Run(ctx) }()
	return p, nil
}

// Publish sends the batch in as many requests as needed, one after the other.
func (p *bayeux) Publish(ctx context.Context, batch []Message) ([]Refusal, error) {
	var refused []Refusal
	for start := 0; start < len(batch); {
		n := fitting(batch[start:])
		messages := make([]client.Message, n)
		for i, m := range batch[start : start+n] {
			messages[i] = client.Message{Channel: m.Channel, Data: m.Data}
		}
		err := p.client.PublishBatch(ctx, messages)
		var partly *client.BatchError
		if err != nil && !errors.As(err, &partly) {
			return refused, err
		}
		if partly != nil {
			for _, r := range partly.Refused {
				refused = append(refused, Refusal{start + r.Index, r.Err.Error()})
			}
		}
		start += n
	}
	return refused, nil
}

// fitting counts the messages of the next request, at least one.
func fitting(batch []Message) int {
	size := 0
	for i, m := range batch {
		size += len(m.Data) + len(m.Channel) + 100 // ids and field names
		if i > 0 && (size > maxRequestBytes || i == maxRequestMessages) {
			return i
		}
	}
	return len(batch)
}

// Close ends the session.
func (p *bayeux) Close(ctx context.Context) error {
	err := p.client.Disconnect(ctx)
	<-p.done
	return err
}
