package client

import (
	"context"
	"strings"
	"time"
)

// one sends a message by the present link and waits for its reply. A refusal is
// a *BayeuxError, and the reply is given nevertheless, since its advice was heeded.
func (c *Client) one(ctx context.Context, r request) (Reply, error) {
	return c.oneBy(ctx, c.current(), r, c.options.NetworkDelay)
}

// oneBy is one by a link that need not be the present one.
func (c *Client) oneBy(ctx context.Context, l *link, r request, patience time.Duration) (Reply, error) {
	replies, err := c.exchangeBy(ctx, l, []request{r}, patience)
	if err != nil {
		return Reply{}, err
	}
	if e := replies[0].refusal(); e != nil {
		return replies[0], e
	}
	return replies[0], nil
}

// exchange sends requests as one batch by the present link and returns their
// replies in the same order.
func (c *Client) exchange(ctx context.Context, requests []request) ([]Reply, error) {
	return c.exchangeBy(ctx, c.current(), requests, c.options.NetworkDelay)
}

func (c *Client) exchangeBy(ctx context.Context, l *link, requests []request, patience time.Duration) ([]Reply, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	if l == nil || l.duplex() && !l.live() {
		return nil, ErrConnectionEnded
	}
	awaited := requests[0].Channel != "/meta/connect"
	l.begin(awaited)
	defer l.end(awaited)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e := newExpectation(len(requests))
	body := c.register(requests, e)
	defer c.forget(e)
	err := l.transport.Send(ctx, Batch{Body: body, Answered: e.answered}, func(b []byte) error {
		deliveries, err := c.sort(b)
		l.deliverReply(deliveries)
		return err
	})
	if err != nil {
		return nil, err
	}
	return e.replies(c)
}

// expectation collects the replies to one batch. It is guarded by the mutex of
// its client.
type expectation struct {
	ids      []string
	got      []Reply
	have     []bool
	missing  int
	answered chan struct{}
}

func newExpectation(n int) *expectation {
	return &expectation{
		ids:      make([]string, n),
		got:      make([]Reply, n),
		have:     make([]bool, n),
		missing:  n,
		answered: make(chan struct{}),
	}
}

// place is where a reply of a batch belongs.
type place struct {
	in    *expectation
	index int
}

// fulfil stores a reply; a second one with the same id is ignored.
func (p place) fulfil(r Reply) {
	if p.in.have[p.index] {
		return
	}
	p.in.have[p.index] = true
	p.in.got[p.index] = r
	p.in.missing--
	if p.in.missing == 0 {
		close(p.in.answered)
	}
}

// replies gives all of them, or ErrUnanswered.
func (e *expectation) replies(c *Client) ([]Reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.missing > 0 {
		return nil, ErrUnanswered
	}
	return e.got, nil
}

// register gives each request its id and encodes the batch.
func (c *Client) register(requests []request, e *expectation) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	body := []byte{'['}
	for i := range requests {
		if i > 0 {
			body = append(body, ',')
		}
		e.ids[i] = c.nextID()
		c.pending[e.ids[i]] = place{e, i}
		body = requests[i].append(body, e.ids[i])
	}
	return append(body, ']')
}

// forget drops what still waits: a reply that comes too late means nothing.
func (c *Client) forget(e *expectation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range e.ids {
		delete(c.pending, id)
	}
}

// receive takes what the server says unasked.
func (c *Client) receive(l *link, body []byte) error {
	deliveries, err := c.sort(body)
	l.deliver(deliveries)
	return err
}

// sort takes the messages of one body: replies by their id, and deliveries, which
// it gives back. Any advice takes effect before the handlers run.
func (c *Client) sort(body []byte) (deliveries []Message, err error) {
	messages, err := decode(body)
	if err != nil {
		return nil, err
	}
	for i := range messages {
		if e := dropped(messages[i].Ext); e != nil && messages[i].Successful != nil {
			c.options.OnError(e)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range messages {
		c.heed(m)
		// A delivery may carry its publisher's id, but never successful.
		if p, ok := c.pending[string(m.ID)]; ok && m.Successful != nil {
			c.acknowledge(&m)
			p.fulfil(m)
			continue
		}
		if m.Successful == nil && !strings.HasPrefix(m.Channel, "/meta/") {
			deliveries = append(deliveries, m.delivery(c.options.Replay))
		}
	}
	return deliveries, nil
}

// heed takes the advice of a message, if it has one. That a session is over stays
// true until the next handshake, whatever crosses it on the way. The caller has
// the lock.
func (c *Client) heed(m Reply) {
	greeting := m.Channel == "/meta/handshake"
	switch {
	case c.advice.Reconnect == None && !greeting:
	case len(m.Advice) > 0 && m.Advice[0] == '{':
		c.advice = parseAdvice(m.Advice)
	case greeting:
		c.advice = defaultAdvice()
	}
}
