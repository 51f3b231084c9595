package client

import "context"

// Handshake opens a session and subscribes it to every pattern that has a
// handler. It tries once; Run shakes hands by itself and again as needed, and
// while it does Handshake fails with ErrRunning. A refusal is a *BayeuxError.
func (c *Client) Handshake(ctx context.Context) error { return c.operate(ctx, false) }

// Run keeps the session connected: it shakes hands when there is no session,
// holds a connect open, delivers what comes, and recovers from lost
// connections and lost sessions as the server advises. It returns nil after
// Disconnect, ctx's error when ctx is done, and ErrStopped or the refusal (a
// *BayeuxError) when the server advises reconnect none.
func (c *Client) Run(ctx context.Context) error { return c.operate(ctx, true) }

// operate has the machine do something until that is done or ctx is.
func (c *Client) operate(ctx context.Context, recovers bool) error {
	w := newOperation(ctx, recovers)
	c.post(begun{w})
	stop := context.AfterFunc(ctx, func() { c.post(stopped{w, ctx.Err()}) })
	defer stop()
	return w.await(c.options.OnError)
}
