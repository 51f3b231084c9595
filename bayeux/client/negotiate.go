package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// transport makes the transport of a connection type, nil if there is none.
func (c *Client) transport(kind string) Transport {
	if t := c.options.Transport; t != nil && t.ConnectionType() == kind {
		return t
	}
	p := c.polling
	switch kind {
	case longPollingType:
		return p
	case eventSourceType:
		return &eventSource{longPolling: p, once: c.options.Replay}
	case webSocketType:
		return &webSocket{url: p.url, http: p.http, header: p.header, limit: p.limit}
	}
	return nil
}

// current is the link in use, nil before the first handshake.
func (c *Client) current() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link
}

// preferences are the connection types, best first.
func (c *Client) preferences() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.kinds)
}

// ConnectionType is the connection type in use, empty before the first
// handshake.
func (c *Client) ConnectionType() string {
	if l := c.current(); l != nil {
		return l.kind()
	}
	return ""
}

// Handshake opens a session and subscribes it to every pattern that has a
// handler. It tries once; Run shakes hands by itself and again as needed. A
// refusal is a *BayeuxError.
func (c *Client) Handshake(ctx context.Context) error {
	if c.closed() {
		return ErrClosed
	}
	l, reply, err := c.negotiate(ctx)
	if err != nil {
		return fmt.Errorf("client: handshake: %w", err)
	}
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		l.discard()
		return ErrClosed
	}
	c.session, c.offers = reply.ClientID, reply.SupportedConnectionTypes
	c.mu.Unlock()
	c.granted(reply)
	c.adopt(l)
	return c.resubscribe(ctx)
}

// adopt puts a link in place of the one in use, which is closed.
func (c *Client) adopt(l *link) {
	c.mu.Lock()
	before := c.link
	c.link, c.fresh = l, true
	c.mu.Unlock()
	if before != nil {
		before.close()
	}
	l.follow(before)
}

// negotiate shakes hands by the best connection type that gets through and that
// the server offers.
func (c *Client) negotiate(ctx context.Context) (*link, Reply, error) {
	kinds := c.preferences()
	var failures []error
	posted := false
	for i, kind := range kinds {
		l := newLink(c.transport(kind), &c.inbox)
		if !l.duplex() && posted {
			continue // it would send the very same
		}
		posted = posted || !l.duplex()
		reply, err := c.greet(ctx, l, kinds)
		if err == nil {
			c.report(failures)
			l, err := c.choose(ctx, l, reply, kinds[i:])
			return l, reply, err
		}
		l.discard()
		failures = append(failures, err)
		var refusal *BayeuxError
		if ctx.Err() != nil || errors.As(err, &refusal) {
			return nil, reply, err
		}
	}
	return nil, Reply{}, errors.Join(failures...)
}

// report tells of connection types that were passed over.
func (c *Client) report(failures []error) {
	if err := errors.Join(failures...); err != nil {
		c.options.OnError(fmt.Errorf("client: passed over: %w", err))
	}
}

// greet shakes hands by one link.
func (c *Client) greet(ctx context.Context, l *link, kinds []string) (Reply, error) {
	if err := c.open(ctx, l, ""); err != nil {
		return Reply{}, err
	}
	reply, err := c.oneBy(ctx, l, request{
		Channel:                  "/meta/handshake",
		Version:                  "1.0",
		MinimumVersion:           "1.0",
		SupportedConnectionTypes: kinds,
		Ext:                      c.options.extensions(),
	}, c.options.NetworkDelay)
	if err == nil && reply.ClientID == "" {
		err = errors.New("the reply has no clientId") // Bayeux 1.0, 4.1
	}
	return reply, err
}

// open opens a link within the time for a reply.
func (c *Client) open(ctx context.Context, l *link, clientID string) error {
	ctx, cancel := context.WithTimeout(ctx, c.options.NetworkDelay)
	defer cancel()
	if err := l.open(ctx, clientID, c.receive); err != nil {
		return fmt.Errorf("%s: %w", l.kind(), err)
	}
	return nil
}

// choose keeps the link if the server offers its type, or opens the best one
// that it does.
func (c *Client) choose(ctx context.Context, l *link, reply Reply, kinds []string) (*link, error) {
	if offered(reply.SupportedConnectionTypes, l.kind()) {
		return l, nil
	}
	defer l.discard()
	failures := []error{fmt.Errorf("the server does not offer %s", strings.Join(kinds, ", "))}
	for _, kind := range kinds {
		if !offered(reply.SupportedConnectionTypes, kind) {
			continue
		}
		next := newLink(c.transport(kind), &c.inbox)
		err := c.open(ctx, next, reply.ClientID)
		if err == nil {
			return next, nil
		}
		next.discard()
		failures[0] = err
	}
	return nil, errors.Join(failures...)
}

// offered reports whether a server has a connection type; one that does not say
// has them all.
func offered(list []string, kind string) bool {
	return len(list) == 0 || slices.Contains(list, kind)
}

// reopen makes a connection anew for the session, of the same type if it gets
// through. Another one is tried when the server refuses it: one that cannot be
// reached is so by any type.
func (c *Client) reopen(ctx context.Context, kind string) (*link, error) {
	c.mu.Lock()
	session, offers, kinds := c.session, c.offers, first(kind, c.kinds)
	c.mu.Unlock()
	var failures []error
	for _, kind := range kinds {
		if !offered(offers, kind) {
			continue
		}
		l := newLink(c.transport(kind), &c.inbox)
		err := c.open(ctx, l, session)
		if err == nil {
			c.report(failures)
			c.adopt(l)
			return l, nil
		}
		l.discard()
		failures = append(failures, err)
		var status *StatusError
		if !errors.As(err, &status) {
			break
		}
		if len(kinds) == 1 && status.Status == 404 {
			c.lose() // an event-stream of a session that is gone
		}
	}
	return nil, errors.Join(failures...)
}

// first puts a connection type in front of the others.
func first(kind string, kinds []string) []string {
	list := []string{kind}
	for _, k := range kinds {
		if k != kind {
			list = append(list, k)
		}
	}
	return list
}
