package main

import (
	"fmt"
	"os"
	"time"

	"halley/bench/capacity"
	"halley/bench/report"
	"halley/bench/run"
	"halley/bench/wire"
)

// planCommand works out what an audience needs. Costs that are 0 are those of the records, or else what was measured of halley.
type planCommand struct {
	Subscribers    int           `help:"Subscribers in all." default:"10000000" group:"audience"`
	ConnectionType string        `help:"How they connect: long-polling, websocket or a type that streams." default:"long-polling" group:"audience"`
	Symbols        int           `help:"Symbols, each with a channel of its own." default:"1000" group:"audience"`
	Follow         int           `help:"Symbols that each subscriber is subscribed to." default:"5" group:"audience"`
	Updates        float64       `help:"Messages a second of each symbol." default:"5" group:"audience"`
	Interval       time.Duration `help:"Conflation: at most one message of a symbol in so long; 0 is none." default:"1s" group:"audience"`
	Size           int           `help:"Bytes of data in a message." default:"128" group:"audience"`
	History        bool          `help:"The channels have a history." group:"audience"`
	Forwarded      float64       `help:"Share of polls that come to another node than their session's." default:"0" group:"audience"`
	Away           float64       `help:"Reconnects of each subscriber an hour, by reasons of its own." default:"1" group:"audience"`

	Cores    int     `help:"Cores of a node." default:"16" group:"node"`
	Memory   float64 `help:"GiB of memory of a node." default:"64" group:"node"`
	Network  float64 `help:"Gbit/s that a node can send." default:"10" group:"node"`
	Files    int     `help:"Open files that a node's process may have." default:"1000000" group:"node"`
	Use      float64 `help:"Share of cores, memory and network that is planned with." default:"0.6" group:"node"`
	Spare    int     `help:"Nodes that may be missing." default:"1" group:"node"`
	External bool    `help:"An external NATS server joins the nodes." group:"node"`

	costs
	Record []string `help:"Records of runs (--json), whose measured costs are planned with, in place of those of halley on the machine of the README." placeholder:"FILE" sep:"none" group:"costs"`
}

// costs are the flags of what a node spends.
type costs struct {
	Delivery  time.Duration `help:"CPU of a delivery." group:"costs"`
	Wire      float64       `help:"Bytes sent for a delivery, besides the data." group:"costs"`
	Publish   time.Duration `help:"CPU of a publish, on the node that takes it." group:"costs"`
	Reconnect time.Duration `help:"CPU from dial to held." group:"costs"`
	Held      time.Duration `help:"CPU a second of a held connection." group:"costs"`
	User      float64       `help:"Bytes of the process for a held connection." group:"costs"`
	Kernel    float64       `help:"Bytes of the kernel for a held connection." group:"costs"`
	Base      float64       `help:"MiB of a process before anybody comes." group:"costs"`
	Forward   time.Duration `help:"CPU of a forwarded poll, over both nodes." group:"costs"`
	BusIn     time.Duration `help:"CPU of a message from another node." group:"costs"`
	BusOut    time.Duration `help:"CPU of sending a message to one other node." group:"costs"`
	Stored    time.Duration `help:"CPU of a message with history, over all nodes." group:"costs"`
	Responses float64       `help:"Deliveries in one response; 1 is the least that conflation can do." default:"1" group:"costs"`
}

// Run prints the plan.
func (c *planCommand) Run() error {
	style, err := wire.ParseStyle(c.ConnectionType)
	if err != nil {
		return fmt.Errorf("%w: %w", run.ErrOptions, err)
	}
	costs, err := capacity.Measured(style)
	if err != nil {
		return err
	}
	for _, path := range c.Record {
		r, err := report.Load(path)
		if err != nil {
			return err
		}
		costs.Learn(r)
	}
	c.set(&costs)
	plan, err := capacity.Make(c.audience(style), costs, c.node())
	if err != nil {
		return err
	}
	return plan.Text(os.Stdout)
}

func (c *planCommand) audience(style wire.Style) capacity.Audience {
	return capacity.Audience{
		Subscribers: c.Subscribers, Polls: style == wire.LongPolling || style == wire.CallbackPolling, Symbols: c.Symbols, Follow: c.Follow,
		Updates: c.Updates, Interval: c.Interval, Size: c.Size, History: c.History, Forwarded: c.Forwarded, Away: c.Away / 3600,
	}
}

func (c *planCommand) node() capacity.Node {
	return capacity.Node{
		Cores: c.Cores, Memory: c.Memory * (1 << 30), Network: c.Network * 1e9 / 8, Files: c.Files, Use: c.Use, Spare: c.Spare, External: c.External,
	}
}

// set replaces what the flags give.
func (c *costs) set(to *capacity.Costs) {
	for _, one := range []struct {
		given time.Duration
		to    *time.Duration
	}{{c.Delivery, &to.Delivery}, {c.Publish, &to.Publish}, {c.Reconnect, &to.Reconnect}, {c.Held, &to.Held}, {c.Forward, &to.Forward}, {c.BusIn, &to.BusIn}, {c.BusOut, &to.BusOut}, {c.Stored, &to.Stored}} {
		if one.given > 0 {
			*one.to = one.given
		}
	}
	for _, one := range []struct {
		given float64
		to    *float64
	}{{c.Wire, &to.Wire}, {c.User, &to.User}, {c.Kernel, &to.Kernel}, {c.Base * (1 << 20), &to.Base}, {c.Responses, &to.Responding}} {
		if one.given > 0 {
			*one.to = one.given
		}
	}
}
