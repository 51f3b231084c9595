package client

import (
	"time"

	"halley/bench/plan"
	"halley/bench/reconcile"
	"halley/bench/wire"
)

// Config describes the part of a run that one process carries.
type Config struct {
	URLs        []string // of the Bayeux endpoints: one, or one for each node, in turn
	PublishURLs []string // of HTTP endpoints that take an array of {channel,data}, for publishers in turn; without any they are Bayeux clients
	CA          string   // file of the authorities that servers of https are of; empty trusts the system's
	Style       wire.Style
	Connections int    // per subscriber: 1, or 2 to hold polls on one and send everything else on the other; some styles know better
	Path        string // and query that clients without a session ask for; empty is that of the URL, or /events?channel=… for an event-stream
	Hello       string // what such a client says first over a websocket
	Suffixes    bool   // add /handshake, /connect to the path the way CometD's client does

	Symbols     *plan.Symbols `json:"-"` // a worker makes its own
	Names       []string      // channel of each symbol
	First       int           // number of this process's first subscriber in the whole run
	Subscribers int           // at most so many in this process
	Publishers  int           // 0 in processes that do not publish
	Churners    int           // clients that connect, subscribe and disconnect over and over
	Total       int           // subscribers in the whole run
	Slow        int           // how many of Total are slow ones
	Habits      Habits        // of the others
	SlowHabits  Habits
	Stalled     []wire.Style // one further subscriber of each, that reads nothing once it has subscribed

	Run          uint32        // marks this run's payloads
	Size         int           // bytes of data in each message
	Connecting   int           // at most so many subscribers between dial and held; default 64
	ReplyTimeout time.Duration // give up on a reply after this; held connects get a minute more, or what the server advises; default 20 s
	Sources      int           // source addresses on loopback; default 250
}

// Habits are what subscribers of one kind ask for, and what they are to get.
type Habits struct {
	Wishes wire.Wishes
	Claim  reconcile.Claim
	Pause  time.Duration // between the answer to a connect and the next
}

func (c *Config) setDefaults() {
	c.Connections = min(max(c.Connections, 1), 2)
	if c.Connecting <= 0 {
		c.Connecting = 64
	}
	if c.ReplyTimeout <= 0 {
		c.ReplyTimeout = 20 * time.Second
	}
	if c.Sources <= 0 {
		c.Sources = 250
	}
}
