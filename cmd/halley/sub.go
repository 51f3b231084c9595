package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"halley/bayeux/client"
	"halley/cmd/halley/feed"
)

// subCommand prints what is published.
type subCommand struct {
	Channels []string      `arg:"" name:"channel" help:"Channels or patterns such as /stock/* and /**."`
	Server   string        `env:"-" default:"http://127.0.0.1:8080/bayeux" help:"Bayeux endpoint."`
	Count    int           `env:"-" default:"0" help:"Leave after this many messages; 0 is no limit."`
	Timeout  time.Duration `env:"-" default:"0s" help:"Leave after this time, as a failure if --count is not reached; 0 is no limit."`
}

// Run subscribes and prints until it is told to stop.
func (c *subCommand) Run(env environment) error {
	if c.Count < 0 || c.Timeout < 0 {
		return usagef("--count, --timeout: must not be negative")
	}
	ctx, cancel := context.WithCancel(env.ctx)
	defer cancel()
	if c.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	bayeux, err := client.New(c.Server, client.Options{
		OnError: func(err error) { fmt.Fprintf(env.stderr, "halley sub: %v\n", err) },
	})
	if err != nil {
		return usagef("--server: %w", err)
	}
	p := &printer{w: env.stdout, left: c.Count, full: make(chan struct{})}
	if err := c.follow(ctx, bayeux, p); err != nil && env.ctx.Err() == nil {
		return err // unless it is only that someone has interrupted
	}
	return p.result(c.Count)
}

// follow runs the client until ctx is done, the count is reached, or the
// server ends it.
func (c *subCommand) follow(ctx context.Context, bayeux *client.Client, p *printer) error {
	defer leave(ctx, bayeux)
	if err := bayeux.Handshake(ctx); err != nil {
		return err
	}
	for i, pattern := range c.Channels {
		if err := bayeux.Subscribe(ctx, pattern, p.unless(c.Channels[:i])); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- bayeux.Run(ctx) }()
	select {
	case <-p.full:
		cancel()
		<-done
		return nil
	case err := <-done:
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
}

// leave tells the server, for a moment even after ctx is done.
func leave(ctx context.Context, c *client.Client) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = c.Disconnect(ctx) // the session expires anyway
}

// printer writes messages, one line each.
type printer struct {
	w    io.Writer
	full chan struct{} // closed when enough has been printed

	mu   sync.Mutex
	left int // messages still wanted, 0 for no limit
	done bool
	err  error
	line []byte
}

// unless is a handler that leaves alone what an earlier pattern has: a message
// of several patterns is printed once.
func (p *printer) unless(earlier []string) client.Handler {
	return func(m client.Message) {
		for _, pattern := range earlier {
			if client.Matches(pattern, m.Channel) {
				return
			}
		}
		p.print(m)
	}
}

// print writes one message.
func (p *printer) print(m client.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return
	}
	p.line = appendLine(p.line[:0], m)
	if _, p.err = p.w.Write(p.line); p.err != nil {
		p.finish()
		return
	}
	if p.left > 0 {
		if p.left--; p.left == 0 {
			p.finish()
		}
	}
}

func (p *printer) finish() {
	p.done = true
	close(p.full)
}

// result judges the end.
func (p *printer) result(count int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.err != nil:
		return p.err
	case p.left > 0:
		return fmt.Errorf("%d of %d messages came", count-p.left, count)
	}
	return nil
}

// appendLine writes {"channel":…,"data":…}. Data keeps its bytes unless it has
// line breaks, which the line cannot hold.
func appendLine(dst []byte, m client.Message) []byte {
	dst = append(dst, `{"channel":`...)
	dst = feed.AppendString(dst, m.Channel)
	if m.Data != nil {
		dst = append(dst, `,"data":`...)
		dst = appendData(dst, m.Data)
	}
	return append(dst, "}\n"...)
}

func appendData(dst, data []byte) []byte {
	if !bytes.ContainsAny(data, "\r\n") {
		return append(dst, data...)
	}
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return append(dst, data...)
	}
	return append(dst, b.Bytes()...)
}
