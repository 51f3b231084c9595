package main

import (
	"context"
	"time"

	"halley/bench/plan"
	"halley/bench/run"
)

type idleCommand struct {
	common
	HoldFor time.Duration `help:"How long to hold each plateau." default:"10s"`
	Steps   []int         `help:"Plateaus of held subscribers; memory slopes are taken between the first and the last (default: a ninth, and all)."`
	After   time.Duration `help:"How long to watch the server after the clients have gone; 0 ends at once." default:"0s"`
}

// Run ramps up in plateaus, and proves with one message that all are there.
func (c *idleCommand) Run(ctx context.Context) error {
	return c.execute(ctx, "idle", func(o *run.Options) { o.HoldFor, o.Steps, o.After = c.HoldFor, c.Steps, c.After })
}

type fanoutCommand struct {
	common
	asks
	Messages int     `help:"Messages to publish." default:"10"`
	Rate     float64 `help:"Messages a second; 0 publishes all at once." default:"1"`
}

// Run publishes at a rate to all subscribers.
func (c *fanoutCommand) Run(ctx context.Context) error {
	return c.execute(ctx, "fanout", func(o *run.Options) {
		c.asks.set(o)
		o.Messages, o.Rate = c.Messages, c.Rate
	})
}

type saturateCommand struct {
	common
	stalled
	Messages int           `help:"Messages to publish; 0 goes by --duration."`
	Duration time.Duration `help:"How long to publish." default:"10s"`
}

// Run publishes the next message when the last one has reached everybody.
func (c *saturateCommand) Run(ctx context.Context) error {
	return c.execute(ctx, "saturate", func(o *run.Options) {
		c.stalled.set(o)
		o.Messages, o.Duration = c.Messages, c.Duration
	})
}

// symbols are the flags of a ticker's channels.
type symbols struct {
	Symbols int     `help:"Symbols, each with a channel of its own." default:"100" group:"ticker"`
	Follow  int     `help:"Symbols that each subscriber is subscribed to." default:"5" group:"ticker"`
	Zipf    float64 `help:"Exponent of a Zipf distribution of the ticks over the symbols; 0 is uniform." default:"0" group:"ticker"`
	Seed    uint64  `help:"Seed of the choice of symbols." default:"1" group:"ticker"`
}

func (s symbols) set(o *run.Options) {
	o.Symbols, o.Follow, o.Zipf, o.Seed = s.Symbols, s.Follow, s.Zipf, s.Seed
}

type tickerCommand struct {
	common
	symbols
	asks
	Messages int           `help:"Ticks to publish; of a recorded feed at most so many rows." default:"1000"`
	Rate     float64       `help:"Ticks a second." default:"100"`
	CSV      string        `help:"Replay a recorded feed (CSV with a head line, may be gzipped) instead." name:"csv" placeholder:"FILE" group:"ticker"`
	Time     string        `help:"Column of the feed with the time in milliseconds." default:"ms_since_midnight" group:"ticker"`
	Column   string        `help:"Column of the feed with the symbol." default:"symbol" group:"ticker"`
	Speed    float64       `help:"Replay so many times faster than recorded." default:"1" group:"ticker"`
	From     time.Duration `help:"Replay from this point of the time column on." group:"ticker"`
	To       time.Duration `help:"Replay up to this point, not included; 0 is the end." group:"ticker"`
}

// Run publishes symbols, or a recorded feed, to subscribers that follow some of them.
func (c *tickerCommand) Run(ctx context.Context) error {
	return c.execute(ctx, "ticker", func(o *run.Options) {
		c.symbols.set(o)
		c.asks.set(o)
		o.Messages, o.Rate = c.Messages, c.Rate
		if c.CSV != "" {
			o.Rate = 0
			o.Feed = &run.FeedFile{Path: c.CSV, Options: plan.FeedOptions{
				Time: c.Time, Symbol: c.Column, From: c.From, To: c.To, Speed: c.Speed, Limit: c.Messages}}
		}
	})
}

type churnCommand struct {
	common
	Churners  int           `help:"Clients that come and go at the same time." default:"64"`
	ChurnRate float64       `help:"Cycles a second; 0 is as fast as the server answers." default:"0"`
	Cycles    int           `help:"Cycles in all; 0 goes by --duration." default:"0"`
	Duration  time.Duration `help:"How long to churn." default:"10s"`
}

// Run has clients come and go.
func (c *churnCommand) Run(ctx context.Context) error {
	return c.execute(ctx, "churn", func(o *run.Options) {
		o.Churners, o.ChurnRate, o.Messages, o.Duration = c.Churners, c.ChurnRate, c.Cycles, c.Duration
	})
}

type soakCommand struct {
	common
	symbols
	extensions
	Rate      float64       `help:"Ticks a second." default:"50"`
	Duration  time.Duration `help:"How long to publish." default:"1m"`
	Churners  int           `help:"Clients that come and go at the same time." default:"16"`
	ChurnRate float64       `help:"Churn cycles a second." default:"50"`
	KillRate  float64       `help:"Held connections to break a second, alternately by RST and FIN, until four fifths of the time have passed." default:"5"`
	MaxGrowth float64       `help:"MiB by which the server's resident memory may grow in an hour, after a quarter of the time; the run fails when it grows by more, two standard errors granted. 0 judges nothing." default:"0"`
}

// Run publishes symbols while clients come and go and connections are broken.
func (c *soakCommand) Run(ctx context.Context) error {
	return c.execute(ctx, "soak", func(o *run.Options) {
		c.symbols.set(o)
		c.extensions.set(o)
		o.Rate, o.Duration = c.Rate, c.Duration
		o.Churners, o.ChurnRate, o.KillRate, o.MaxGrowth = c.Churners, c.ChurnRate, c.KillRate, c.MaxGrowth*(1<<20)
	})
}
