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

// wishes reports whether to move to another connection type than that of a link.
func (c *Client) wishes(at *link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wish == at.kind() {
		c.wish = ""
	}
	return c.wish != ""
}

// maxTransit is how long a request may be on its way to the server.
const maxTransit = time.Second

// transit is how much longer a connect may be on its way.
func (k *connect) transit() time.Duration { return max(maxTransit-time.Since(k.sent), 0) }

// arrived reports whether the connect under way has reached the server: one that
// comes after the move would take the session back. On a duplex connection it has
// when a later message is answered.
func (l *runLoop) arrived(ctx context.Context, at *link, held *connect) bool {
	switch {
	case held == nil:
		return true
	case at.duplex():
		l.c.fence(ctx, at)
		return true
	}
	return held.transit() == 0
}

// fence waits for the reply to a message without effect: what was sent before, in
// both directions, has arrived then. Any reply will do, and none if the
// connection is cut.
func (c *Client) fence(ctx context.Context, l *link) {
	r := request{Channel: "/meta/unsubscribe", ClientID: c.ID(), Subscription: "/service/fence"}
	_, _ = c.oneBy(ctx, l, r, c.options.NetworkDelay)
}

// openWish opens a link of the connection type to move to, nil if it does not get
// through. It is tried once.
func (c *Client) openWish(ctx context.Context) *link {
	c.mu.Lock()
	kind := c.wish
	c.wish = ""
	c.mu.Unlock()
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
	l.retire(ctx, from, to, held)
	to.follow(from)
	return l.settle(ctx, to, err)
}

// retire reads what still comes by a link whose session has moved, and closes
// it. A connect is answered, with a refusal at least; on a duplex connection a fence
// comes after all that was sent before. The server ends a stream, but not for one that
// polls, which may do so because it hears nothing of it: nothing more goes on that
// since the poll, and when the last is through the stream is still.
func (l *runLoop) retire(ctx context.Context, from, to *link, held *connect) {
	c := l.c
	ctx, cancel := context.WithTimeout(ctx, c.options.NetworkDelay)
	defer cancel()
	if from.duplex() {
		if held != nil {
			held.cancel() // a displaced connect has no reply there
		}
		c.fence(ctx, from)
	}
	from.quiet(ctx)
	switch {
	case !from.streams():
	case to.duplex():
		select {
		case <-from.ended:
		case <-ctx.Done():
		}
	default:
		from.still(ctx, maxTransit)
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
	if at == l.via {
		return c.reopen(ctx, l.kind)
	}
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
	return c.reopen(ctx, at.kind())
}
