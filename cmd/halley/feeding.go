//go:build !nocluster

// Proved by TestFeeds and TestEveryWayOfFailingAtTheStart.

package main

import (
	"cmp"
	"context"
	"errors"

	"halley/cmd/halley/config"
	"halley/cmd/halley/console"
	"halley/cmd/halley/metrics"
	"halley/loop"
	"halley/loop/cluster/feeds"
)

// feeding is what brings messages of NATS, and takes them there.
type feeding struct{ feeds *feeds.Feeds } // nil without any

// open makes the feeds, if there are any. Those of a cluster are by its NATS and under its name, unless they say something else.
func (f *feeding) open(c *config.Serve, m *membership, cfg *loop.Config) (err error) {
	s, common, flag := c.Feeds, &c.Cluster.NATS, "--feed-url"
	if s.On() && common.Active() {
		if s.URL == "" {
			flag = "--cluster"
			s.URL, s.Credentials, s.CA, s.Cert, s.Key = common.Servers, common.Credentials, common.CA, common.Cert, common.Key
		}
		s.Name = cmp.Or(s.Name, common.Name)
	}
	o := feeds.Options{Node: cfg.Hops, Flag: flag, Limits: cfg.Channel, MaxMessage: cfg.MaxMessage, MaxDepth: cfg.Scanner.MaxDepth, Log: cfg.Log}
	if m.cluster != nil {
		o.Nodes = m.cluster
	}
	if len(c.Upstream.Upstreams) > 0 {
		o.PassedOn = c.Upstream.Marked()
	}
	if f.feeds, err = feeds.New(s, o); f.feeds != nil && len(s.Exports) > 0 {
		cfg.Tap = joined(cfg.Tap, f.feeds)
	}
	return err
}

// doubt says what may not be meant by the settings; empty: nothing.
func (f *feeding) doubt(c *config.Serve) string { return c.Feeds.Doubt() }

// feed works until ctx is done. Once a successor serves what comes is for that.
func (f *feeding) feed(ctx context.Context, server *loop.Server) {
	if f.feeds == nil || !server.Ready() {
		return
	}
	go func() {
		select {
		case <-server.HandedOver():
			f.feeds.Leave()
		case <-ctx.Done():
		}
	}()
	f.feeds.Run(ctx, fed{server})
}

// sources are the figures of the feeds.
func (f *feeding) sources() []metrics.Source {
	return []metrics.Source{{Of: new(feeds.Figures), Take: func() any {
		all := f.feeds.Figures()
		return &all
	}}}
}

// others are the feeds, for the console.
func (f *feeding) others() (list []console.Other) {
	all := f.feeds.Figures()
	for _, i := range all.Imports {
		list = append(list, console.Other{
			Kind: console.Import, Name: i.Text, Up: all.Connected, In: i.Published, Lost: i.Refused + i.Missed + i.Gaps, Waiting: i.Waiting,
		})
	}
	for _, e := range all.Exports {
		list = append(list, console.Other{
			Kind: console.Export, Name: e.Text, Up: all.Connected, Out: e.Exported, Lost: e.Refused + e.Unconfirmed + e.Overflowed, Waiting: e.Waiting,
		})
	}
	return list
}

// fed is a server as feeds see it.
type fed struct{ *loop.Server }

// Publish implements feeds.Server.
func (f fed) Publish(batch []feeds.Publication) error {
	list := make([]loop.Publication, len(batch))
	for i, p := range batch {
		list[i] = loop.Publication{Channel: p.Channel, Data: p.Data, Here: p.Here, Key: p.Key}
		if p.Binary || !p.Trail.IsZero() {
			list[i].Passed = &loop.Passed{Binary: p.Binary, Trail: p.Trail}
		}
	}
	err := f.Server.Publish(list)
	var refused loop.ChannelError
	switch {
	case errors.As(err, &refused):
		return &feeds.Refusal{Index: refused.Index, Reason: refused.Reason}
	case errors.Is(err, loop.ErrTooLarge):
		return feeds.ErrTooLarge
	}
	return err
}
