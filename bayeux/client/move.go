package client

import (
	"context"
	"fmt"
	"time"
)

// Use makes a connection type the first choice and, while Run is in progress,
// moves the session to it: the old connection is left open until the new one has
// taken over, and what it still brings is handled first. If the new one does not
// get through the session stays where it is and OnError is told.
func (c *Client) Use(connectionType string) error {
	if c.transport(connectionType) == nil {
		return fmt.Errorf("client: unknown connection type %q", connectionType)
	}
	c.mu.Lock()
	c.kinds, c.wish = first(connectionType, c.kinds), connectionType
	c.mu.Unlock()
	select {
	case c.wished <- struct{}{}:
	default:
	}
	return nil
}

// wishFor is the connection type to move to from that of a link, empty for none.
// It is given once.
func (c *Client) wishFor(at *link) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	wish := c.wish
	c.wish = ""
	if wish == at.kind() {
		return ""
	}
	return wish
}

// openWish opens a link of the connection type to move to, nil if there is none
// or it does not get through.
func (c *Client) openWish(ctx context.Context, at *link) *link {
	kind := c.wishFor(at)
	if kind == "" {
		return nil
	}
	l := newLink(c.transport(kind), &c.inbox)
	if err := c.open(ctx, l, c.ID()); err != nil {
		l.discard()
		c.options.OnError(fmt.Errorf("client: use %w", err))
		return nil
	}
	return l
}

// move takes the session from one link to another that is open. held is the
// connect under way on the old one, or nil.
func (l *runLoop) move(ctx context.Context, from, to *link, held *connect) error {
	c := l.c
	err := <-c.startConnect(ctx, to, true).done
	c.mu.Lock()
	c.link, c.fresh = to, err != nil
	c.mu.Unlock()
	l.retire(ctx, from, held)
	to.follow(from)
	return l.settle(ctx, to, err)
}

// retire reads what still comes by a link whose session has moved, and closes
// it. A connect is answered, with a refusal at least; a stream is ended by the
// server; on a duplex connection the reply to a message without effect comes
// after all that was sent before.
func (l *runLoop) retire(ctx context.Context, from *link, held *connect) {
	c := l.c
	ctx, cancel := context.WithTimeout(ctx, c.options.NetworkDelay)
	defer cancel()
	if from.duplex() {
		if held != nil {
			held.cancel() // a displaced connect has no reply there
		}
		fence := request{Channel: "/meta/unsubscribe", ClientID: c.ID(), Subscription: "/service/fence"}
		_, _ = c.oneBy(ctx, from, fence, c.options.NetworkDelay) // any reply will do, and none if it is cut
	}
	from.quiet(ctx)
	if from.streams() {
		select {
		case <-from.ended:
		case <-ctx.Done():
		}
	}
	if held != nil {
		held.cancel()
		<-held.done
	}
	from.close()
}

// ready is a link on which a connect can be sent. The end of a connection is an
// error once; then the next one is made. A stream that ended well has its
// successor at once, unless it was over as soon as it began.
func (l *runLoop) ready(ctx context.Context) (*link, error) {
	c := l.c
	at := c.current()
	if at.live() {
		return at, nil
	}
	select {
	case <-at.ended:
		if l.told == at {
			break
		}
		l.told = at
		if err := at.fault(); err != nil {
			return nil, err
		}
		if at.duplex() || time.Since(at.since) < c.options.MinBackoff {
			return nil, ErrConnectionEnded
		}
	default:
	}
	return c.reopen(ctx, at)
}
