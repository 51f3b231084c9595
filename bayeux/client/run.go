package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Run keeps the session connected: it shakes hands when there is no session,
// holds a connect open, delivers what comes, and recovers from lost
// connections and lost sessions as the server advises. It returns nil after
// Disconnect, ctx's error when ctx is done, and ErrStopped or the refusal (a
// *BayeuxError) when the server advises reconnect none.
func (c *Client) Run(ctx context.Context) error {
	ctx, err := c.start(ctx)
	if err != nil {
		return err
	}
	defer c.end()
	l := runLoop{c: c, wait: backoff{min: c.options.MinBackoff, max: c.options.MaxBackoff}, heard: time.Now()}
	for {
		err := l.turn(ctx)
		switch {
		case c.closed():
			c.closeLate()
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		}
	}
}

// start marks the client as running.
func (c *Client) start(ctx context.Context) (context.Context, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return nil, ErrClosed
	}
	if c.running {
		return nil, ErrRunning
	}
	ctx, c.stop = context.WithCancel(ctx)
	c.running = true
	return ctx, nil
}

func (c *Client) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop()
	c.running, c.stop = false, nil
}

// closeLate lets go of what was opened after Disconnect had looked. Before, it may
// still wait for its reply.
func (c *Client) closeLate() {
	c.mu.Lock()
	ended := c.ended
	c.mu.Unlock()
	if ended {
		c.Close()
	}
}

func (c *Client) closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// runLoop is the state of one Run.
type runLoop struct {
	c     *Client
	wait  backoff
	heard time.Time // when the server last answered a handshake or connect
	told  *link     // whose end has been reported
	via   *link     // polls in place of one that failed, until the next is made
	kind  string    // the connection type of that one
}

// turn makes one attempt, handshake or connect, and waits as due. An error
// ends Run.
func (l *runLoop) turn(ctx context.Context) error {
	if l.c.ID() == "" {
		return l.after(ctx, l.c.Handshake(ctx))
	}
	l.notice()
	if l.c.isTorn() {
		return l.after(ctx, l.resume(ctx))
	}
	err := l.connect(ctx)
	if err == nil {
		l.wait.reset() // not before: a server may greet and then know nothing of it
	}
	return l.after(ctx, err)
}

// after follows up on an attempt.
func (l *runLoop) after(ctx context.Context, err error) error {
	if ctx.Err() != nil || l.c.closed() {
		return nil
	}
	if err != nil {
		return l.failed(ctx, err)
	}
	l.heard = time.Now()
	return l.next(ctx, nil)
}

// connect sends one /meta/connect and waits until what it brought has been
// handled, or until the client is to move to another connection type.
func (l *runLoop) connect(ctx context.Context) error {
	c := l.c
	at, err := l.ready(ctx)
	if err != nil {
		return err
	}
	var held *connect
	for {
		if c.wishes(at) && l.arrived(ctx, at, held) {
			if to := c.openWish(ctx); to != nil {
				return l.move(ctx, at, to, held)
			}
		}
		if held == nil {
			held = c.startConnect(ctx, at, c.first())
		}
		var arrival <-chan time.Time
		if c.wishes(at) {
			arrival = time.After(held.transit())
		}
		select {
		case err := <-held.done:
			return l.settle(ctx, at, err)
		case <-c.wished:
		case <-arrival:
		}
	}
}

// settle follows up on a connect. A duplex connection on which it fails is not
// used again, unless the reply may be there and only slow handlers keep it from
// being read. On others the next connect waits for the handlers.
func (l *runLoop) settle(ctx context.Context, at *link, err error) error {
	var refusal *BayeuxError
	switch {
	case ctx.Err() != nil: // the connection may have to carry a disconnect
	case !at.duplex():
		select {
		case <-l.c.inbox.settled():
		case <-ctx.Done():
		}
	case errors.Is(err, context.DeadlineExceeded) && at.waits():
		return nil
	case err != nil && !errors.As(err, &refusal):
		l.told = at
		at.close()
	}
	return err
}

// first reports whether the next connect is the first of its session or the first
// after a failure.
func (c *Client) first() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fresh
}

// connect is a /meta/connect under way.
type connect struct {
	sent   time.Time
	cancel context.CancelFunc
	done   chan error // its one result
}

// startConnect sends a connect in the background. One that comes first, in its
// session or after a failure, is not to be held, to learn soon that the
// connection works.
func (c *Client) startConnect(ctx context.Context, l *link, first bool) *connect {
	c.mu.Lock()
	r := c.connectRequest(l.kind(), first)
	patience := c.advice.Timeout + c.options.NetworkDelay
	c.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	call := &connect{time.Now(), cancel, make(chan error, 1)}
	go func() {
		defer cancel()
		_, err := c.oneBy(ctx, l, r, patience)
		c.mu.Lock()
		if c.link == l {
			c.fresh = err != nil
		}
		c.mu.Unlock()
		call.done <- err
	}()
	return call
}

// failed decides what follows an error: by the advice when the server gave
// one with it, otherwise another attempt after a wait.
func (l *runLoop) failed(ctx context.Context, err error) error {
	var refusal *BayeuxError
	if errors.As(err, &refusal) {
		l.heard = time.Now()
		if isLost(err) {
			l.c.lose()
		}
		if l.c.reconnect() == None {
			return err
		}
	}
	if refusal == nil {
		l.c.tear(true)
	}
	l.c.options.OnError(err)
	if life := l.c.lifetime(); life > 0 && time.Since(l.heard) > life {
		l.c.lose() // the session has expired meanwhile: save a round trip
	}
	return l.next(ctx, err)
}

// next follows the advice and waits before the next attempt: the interval, and
// after an error at least the back-off, except that the first handshake for a
// lost session comes at once.
func (l *runLoop) next(ctx context.Context, err error) error {
	advice := l.c.currentAdvice()
	delay := advice.Interval
	switch advice.Reconnect {
	case None:
		return ErrStopped
	case Rehandshake:
		l.c.lose()
	}
	if err != nil {
		prompt := isLost(err) && l.wait.failures == 0
		wait := l.wait.next(rand.Float64())
		if at := l.c.current(); at != nil && at == l.told && at.streams() {
			delay = 0 // its advice was how often to say that one lives
		}
		if !prompt {
			delay = max(delay, wait)
		}
	}
	if at := l.c.current(); err == nil && at != nil && l.c.wishes(at) {
		return nil
	}
	l.pause(ctx, delay)
	return nil
}

// pause waits between connects, unless there is something else to do: a stream
// that has ended, or a move to another connection type.
func (l *runLoop) pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	var ended <-chan struct{}
	if at := l.c.current(); at != nil && at != l.told && at.streams() {
		ended = at.ended
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ended:
	case <-l.c.wished:
	case <-ctx.Done():
	}
}

// sleep waits for d or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// lose forgets the session, so that the next turn shakes hands. The advice
// that led there is spent.
func (c *Client) lose() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = ""
	if c.advice.Reconnect == Rehandshake {
		c.advice.Reconnect = Retry
	}
}

func (c *Client) currentAdvice() Advice {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.advice
}

func (c *Client) reconnect() Reconnect { return c.currentAdvice().Reconnect }

func (c *Client) lifetime() time.Duration { return c.currentAdvice().lifetime() }
