package client

import (
	"context"
	"errors"
	"fmt"
)

// Subscribe registers handler for a pattern (a channel name, or one that ends
// in * or **) and subscribes the session to it. A second Subscribe to a
// pattern replaces its handler and options. Without a session the subscription
// waits for the next handshake. When it is refused (*BayeuxError) or its fate is
// unknown the handler is removed again; a session found lost while Run is going is
// no failure, since Run subscribes the next one.
func (c *Client) Subscribe(ctx context.Context, pattern string, handler Handler, options ...SubscribeOption) error {
	if handler == nil && c.options.Handler == nil {
		return errors.New("client: subscribe: no handler")
	}
	r := registration{pattern: pattern, handler: handler, tracks: c.options.Replay}
	for _, o := range options {
		o(&r)
	}
	if r.cursor != 0 && !c.options.Replay {
		return errors.New("client: subscribe: Since needs Options.Replay")
	}
	c.inbox.table.set(r)
	asked, err := c.subscribe(ctx, pattern)
	if isForgotten(err) && c.inbox.table.restart(pattern, c.options.Forgotten) {
		asked, err = c.subscribe(ctx, pattern)
	}
	if err == nil || errors.Is(err, ErrNoSession) || isLost(err) && asked.recovers {
		return nil
	}
	c.inbox.table.remove(pattern)
	return fmt.Errorf("client: subscribe %s: %w", pattern, err)
}

// subscribe tells a pattern to the server.
func (c *Client) subscribe(ctx context.Context, pattern string) (*call, error) {
	asked := c.inquire(ctx, func(s *session) []request {
		return []request{c.inbox.table.request(pattern, s)}
	})
	return asked, asked.refused()
}

// Unsubscribe removes the handler of a pattern and the session's subscription.
func (c *Client) Unsubscribe(ctx context.Context, pattern string) error {
	c.inbox.table.remove(pattern)
	asked := c.inquire(ctx, func(s *session) []request {
		return []request{{Channel: "/meta/unsubscribe", ClientID: s.id, Subscription: pattern}}
	})
	return asked.problem("client: unsubscribe " + pattern)
}
