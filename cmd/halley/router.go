// Proved by TestRouterChain and TestUsageErrorsExitWith2.

package main

import (
	"context"
	"errors"

	"halley/bayeux/event"
	"halley/cmd/halley/console"
	"halley/cmd/halley/metrics"
	"halley/loop"
	"halley/loop/hops"
	"halley/loop/upstream"
)

// routing is what passes messages on.
type routing struct{ router *upstream.Router } // nil without upstreams

// open makes the router, if there are upstreams.
func (r *routing) open(s upstream.Settings, cfg *loop.Config) (err error) {
	cfg.Hops = hops.New(s.Marked())
	if r.router, err = upstream.New(s, cfg.Hops, cfg.Log); r.router != nil {
		cfg.Tap = joined(cfg.Tap, r.router)
	}
	return err
}

// begin has the upstreams know what the server's clients want, before it runs.
func (r *routing) begin(server *loop.Server) {
	if r.router != nil {
		r.router.Begin(routed{server})
	}
}

// passOn passes messages on until ctx is done. Once a successor serves what comes is for that.
func (r *routing) passOn(ctx context.Context, server *loop.Server) {
	if r.router == nil || !server.Ready() {
		return
	}
	go func() {
		select {
		case <-server.HandedOver():
			r.router.Leave()
		case <-ctx.Done():
		}
	}()
	r.router.Run(ctx)
}

// source is the figures of the upstreams.
func (r *routing) source() metrics.Source {
	return metrics.Source{Of: new(upstream.Figures), Take: func() any {
		f := r.router.Figures()
		return &f
	}}
}

// others are the upstreams, for the console.
func (r *routing) others() (list []console.Other) {
	for _, u := range r.router.Figures().Upstreams {
		list = append(list, console.Other{
			Kind: console.Upstream, Name: u.Address, Up: u.Connected, In: u.In, Out: u.Out,
			Lost: u.InRefused + u.OutRefused + u.Unconfirmed + u.Overflowed + u.Gaps, Waiting: u.Waiting, Lag: u.Lag,
		})
	}
	return list
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

// taps are several of them.
type taps []loop.Tap

// Offer tells all of an event.
func (all taps) Offer(e event.Event) {
	for _, t := range all {
		t.Offer(e)
	}
}

// joined are the taps of before, if there are any, and one more.
func joined(before, more loop.Tap) loop.Tap {
	if before == nil {
		return more
	}
	return taps{before, more}
}
