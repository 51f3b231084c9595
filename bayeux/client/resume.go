package client

import "context"

// resume asks again for what may have been lost with a connection: the server
// counts as delivered what the network had taken. It does so by one POST, whatever
// the connection type: the subscriptions from their cursors on, and a connect,
// with which the session leaves the connection that failed. What is missing comes
// with the reply. The next connection of the type in use is made afterwards.
func (l *runLoop) resume(ctx context.Context) error {
	c := l.c
	session := c.ID()
	patterns := c.inbox.resumable()
	if len(patterns) == 0 {
		c.tear(false)
		return nil
	}
	via := l.detour()
	requests := make([]request, 0, len(patterns)+1)
	for _, p := range patterns {
		requests = append(requests, c.inbox.request(p, session, true))
	}
	c.mu.Lock()
	requests = append(requests, c.connectRequest(via.kind(), true))
	c.mu.Unlock()
	replies, err := c.exchangeBy(ctx, via, requests, c.options.NetworkDelay)
	if err != nil {
		return err
	}
	if e := replies[len(patterns)].refusal(); e != nil {
		return e
	}
	c.tear(false)
	if err := c.review(ctx, session, patterns, replies); err != nil {
		return err
	}
	select {
	case <-c.inbox.settled():
	case <-ctx.Done():
	}
	return nil
}

// detour is a link for POSTs in place of the one that failed.
func (l *runLoop) detour() *link {
	c := l.c
	at := c.current()
	if at == l.via {
		return at
	}
	via := newLink(c.polling, &c.inbox)
	if !at.duplex() && at.pusher == nil {
		return at // it polls anyway
	}
	l.via, l.kind = via, at.kind()
	if at.streams() {
		c.mu.Lock()
		c.advice.Interval = 0 // it was how often to say that one lives, beside a stream
		c.mu.Unlock()
	}
	c.adopt(via)
	return via
}

// notice has what followed a stream asked for again when it has ended, even if it
// ended well: the server ends it, too, when a request that came late has taken the
// session elsewhere, and then its reply had what is missing.
func (l *runLoop) notice() {
	at := l.c.current()
	if at == nil || at == l.told || !at.streams() || !l.c.replays() {
		return
	}
	select {
	case <-at.ended:
		if at.fault() == nil {
			l.told = at
			l.c.tear(true)
		}
	default:
	}
}

// tear notes whether something may be lost with a connection.
func (c *Client) tear(torn bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.torn = torn && c.replay && c.session != ""
}

func (c *Client) isTorn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.torn
}
