package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"halley/bayeux/client"
	"halley/scripts/disorders/model"
	"halley/scripts/nodes"
)

// publisher publishes the numbers of one channel, and keeps what it was answered.
type publisher struct {
	channel string
	began   time.Time
	every   time.Duration
	send    func(ctx context.Context, channel string, number int) (outcome model.Outcome, node string)
	sent    []model.Publication
	count   atomic.Int64 // of these
	diary   *diary       // of what went wrong
}

// run publishes until ctx is done. Each message is sent after the answer to the one before, and not before its time.
func (p *publisher) run(ctx context.Context) {
	ticker := time.NewTicker(p.every)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
		if ctx.Err() != nil { // also when the next one was due at once
			return
		}
		m := model.Publication{Channel: p.channel, Number: n, Sent: time.Since(p.began)}
		m.Outcome, m.Node = p.send(ctx, p.channel, n)
		m.Answered = time.Since(p.began)
		if took := m.Answered - m.Sent; m.Outcome != model.Acknowledged || took > patience {
			p.diary.say("%d of %s: %v by %s after %v", n, p.channel, m.Outcome, m.Node, took.Round(time.Millisecond))
		}
		p.sent = append(p.sent, m)
		p.count.Add(1)
	}
}

// last is the last message that was acknowledged, -1 without any.
func (p *publisher) last() int {
	for n := len(p.sent) - 1; n >= 0; n-- {
		if p.sent[n].Outcome == model.Acknowledged {
			return n
		}
	}
	return -1
}

// backend publishes by the internal listeners of the nodes. It stays with one as long as that answers.
type backend struct {
	nodes []*nodes.Node
	at    int
}

// patience is how long a back-end waits for an answer.
const patience = 2 * time.Second

// pauseBetween is what it waits before it sends a message again.
const pauseBetween = 20 * time.Millisecond

// plain sends a message once, to the next node if this one is not there. What was not answered may have come.
func (b *backend) plain(ctx context.Context, channel string, number int) (model.Outcome, string) {
	body := fmt.Sprintf(`{"channel":%q,"data":%d}`, channel, number)
	for range b.nodes {
		node, err := b.post(ctx, body)
		switch {
		case err == nil:
			return model.Acknowledged, node.Name
		case errors.Is(err, nodes.ErrPublish):
			return model.Refused, node.Name
		case !unsent(err):
			return model.Unknown, node.Name
		}
	}
	return model.Refused, ""
}

// kept sends a message again and again, with a key that tells of repeats, until it is acknowledged. A node that is alone forgets
// the keys when it is killed: what may have come to it is not sent again.
func (b *backend) kept(ctx context.Context, channel string, number int) (model.Outcome, string) {
	body := fmt.Sprintf(`{"channel":%q,"data":%d,"dedup":"%s-%d"}`, channel, number, channel, number)
	for ctx.Err() == nil {
		node, err := b.post(ctx, body)
		if err == nil {
			return model.Acknowledged, node.Name
		}
		if len(b.nodes) == 1 && !unsent(err) && !errors.Is(err, nodes.ErrPublish) {
			return model.Unknown, node.Name
		}
		select {
		case <-ctx.Done():
		case <-time.After(pauseBetween):
		}
	}
	return model.Unknown, ""
}

// post sends to the node that answered last, and after a fault to the next one. The run's end does not cut it short.
func (b *backend) post(ctx context.Context, body string) (*nodes.Node, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	node := b.nodes[b.at%len(b.nodes)]
	err := node.Publish(ctx, body)
	if err != nil {
		b.at++
	}
	return node, err
}

// unsent tells whether a request has not left.
func unsent(err error) bool { return strings.Contains(err.Error(), "connect: connection refused") }

// How a request is answered whose session is lost with its node: that may have taken what was published.
const (
	unknownSession = 402
	nodeGone       = "node_gone"
)

// browser publishes as a Bayeux client, once each. A refusal is one; anything else may have come. Its session stands for the node
// that takes what it publishes: the next session may be of another one.
type browser struct{ client *client.Client }

func (b browser) send(ctx context.Context, channel string, number int) (model.Outcome, string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*patience)
	defer cancel()
	session := b.client.ID()
	err := b.client.Publish(ctx, channel, json.RawMessage(fmt.Sprint(number)))
	session = takenBy(session, b.client.ID())
	var refusal *client.BayeuxError
	switch {
	case err == nil:
		return model.Acknowledged, session
	case errors.As(err, &refusal) && refusal.Code != unknownSession && refusal.Text != nodeGone:
		return model.Refused, err.Error()
	}
	return model.Unknown, err.Error()
}

// takenBy names who has taken a message by the sessions before and after it. If these differ, it was either of them, and nothing orders
// the message with others.
func takenBy(before, after string) string {
	if before == after {
		return before
	}
	return before + " or " + after
}
