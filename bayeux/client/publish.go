// Proved by TestPublishKeepsBytes and TestPublishBatchNamesTheRefused.

package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/goccy/go-json"
)

// Publish sends one message to a channel; data is one JSON value and travels
// byte for byte. It returns when the server has confirmed it. It is not
// repeated after a lost connection, since the server may have had it.
func (c *Client) Publish(ctx context.Context, channel string, data json.RawMessage) error {
	return c.PublishBatch(ctx, []Message{{Channel: channel, Data: data}})
}

// PublishBatch sends messages in one request, in order. A refused message
// does not stop those after it; the error is then a *BatchError that names
// each of them.
func (c *Client) PublishBatch(ctx context.Context, messages []Message) error {
	for _, m := range messages {
		if !json.Valid(m.Data) {
			return fmt.Errorf("client: publish %s: data is not JSON", m.Channel)
		}
		if m.Ext != nil && !json.Valid(m.Ext) {
			return fmt.Errorf("client: publish %s: ext is not JSON", m.Channel)
		}
	}
	asked := c.inquire(ctx, func(s *session) []request {
		requests := make([]request, len(messages))
		for i, m := range messages {
			requests[i] = request{Channel: m.Channel, ClientID: s.id, Data: m.Data, Ext: m.Ext}
		}
		return requests
	})
	switch {
	case errors.Is(asked.err, ErrNoSession):
		return ErrNoSession
	case asked.err != nil:
		return fmt.Errorf("client: publish: %w", asked.err)
	}
	return refusals(asked.replies)
}

// refusals makes the error of a batch of replies, nil when all succeeded.
func refusals(replies []Reply) error {
	var refused []Refusal
	for i, r := range replies {
		if e := r.refusal(); e != nil {
			refused = append(refused, Refusal{i, e})
		}
	}
	if refused == nil {
		return nil
	}
	return &BatchError{refused}
}
