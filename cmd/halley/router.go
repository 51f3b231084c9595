// Proved by TestRouterChain and TestUsageErrorsExitWith2.

package main

import (
	"context"
	"errors"
	"log/slog"

	"halley/cmd/halley/metrics"
	"halley/loop"
	"halley/loop/hops"
	"halley/loop/upstream"
)

// openRouter makes what passes messages on, if there are upstreams.
func (c *serveCommand) openRouter(settings *loop.Config, log *slog.Logger) (err error) {
	settings.Hops = hops.New(c.Upstream.Marked())
	if c.router, err = upstream.New(c.Upstream, settings.Hops, log); c.router != nil {
		settings.Tap = c.router
	}
	return err
}

// passOn passes messages on until ctx is done. Once a successor serves what comes is for that.
func (c *serveCommand) passOn(ctx context.Context, server *loop.Server) {
	if c.router == nil || !server.Ready() {
		return
	}
	go func() {
		select {
		case <-server.HandedOver():
			c.router.Leave()
		case <-ctx.Done():
		}
	}()
	c.router.Run(ctx, routed{server})
}

// ofRouter are the figures of the upstreams.
func (c *serveCommand) ofRouter() metrics.Source {
	return metrics.Source{Of: new(upstream.Figures), Take: func() any {
		f := c.router.Figures()
		return &f
	}}
}

// routed is a server as a router sees it.
type routed struct{ *loop.Server }

// Publish implements upstream.Server.
func (r routed) Publish(batch []upstream.Publication) error {
	list := make([]loop.Publication, len(batch))
	for i, p := range batch {
		list[i] = loop.Publication{Channel: p.Channel, Data: p.Data, Passed: &loop.Passed{Binary: p.Binary, Trail: p.Trail}}
	}
	err := r.Server.Publish(list)
	var refused loop.ChannelError
	switch {
	case errors.As(err, &refused):
		return &upstream.Refusal{Index: refused.Index, Reason: refused.Reason}
	case errors.Is(err, loop.ErrTooLarge):
		return upstream.ErrTooLarge
	}
	return err
}
