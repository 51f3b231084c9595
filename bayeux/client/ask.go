// Proved by TestNeedsSession and TestSubscribeAndUnsubscribe.

package client

import (
	"context"
	"errors"
	"fmt"
)

// inquire sends what a user wants sent and waits for the replies, and for the handlers of
// messages that came with them.
func (c *Client) inquire(ctx context.Context, build func(*session) []request) *call {
	asks := newInquiry(ctx, build)
	c.post(asked{asks})
	<-asks.done
	if asks.handled != nil {
		select {
		case <-asks.handled:
		case <-ctx.Done():
		}
	}
	return asks
}

// problem is why the call has failed, unless it is that there is no session to which it
// could matter.
func (c *call) problem(during string) error {
	err := c.refused()
	if err == nil || errors.Is(err, ErrNoSession) || isLost(err) {
		return nil
	}
	return fmt.Errorf("%s: %w", during, err)
}
