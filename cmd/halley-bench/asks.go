package main

import (
	"time"

	"halley/bench/run"
)

// asks are the flags of what subscribers ask for and of how fast they take it.
type asks struct {
	extensions
	stalled
	Interval     time.Duration `help:"Ask for at most one message of a channel in so long (ext.conflate): each subscriber must hold the last message of each channel at the end, and never get an older after a newer." group:"asks"`
	Conflated    string        `help:"Whom the server conflates for by itself, so that the same is expected: all (by a rule), or slow (by --slow conflate of halley serve)." enum:"none,slow,all" default:"none" group:"asks"`
	Slow         int           `help:"So many of the subscribers are slow ones, by long-polling. What the server says it has dropped for them (ext.dropped) is not lost." default:"0" group:"asks"`
	SlowRate     float64       `help:"Responses a second that a slow one takes at most." default:"2" group:"asks"`
	SlowInterval time.Duration `help:"What slow ones ask for in place of --interval." group:"asks"`
}

func (a *asks) set(o *run.Options) {
	o.Asks.Interval, o.Asks.Conflated = a.Interval, a.Conflated
	o.Asks.Slow, o.Asks.SlowRate, o.Asks.SlowInterval = a.Slow, a.SlowRate, a.SlowInterval
	a.extensions.set(o)
	a.stalled.set(o)
}

// extensions are the flags of Bayeux extensions.
type extensions struct {
	Replay bool `help:"Ask for replay from the tip on: every message must have a replayId above the one before." group:"asks"`
	Ack    bool `help:"Use the acknowledge extension: connect replies must be numbered upwards, and events come with no other." group:"asks"`
}

func (e *extensions) set(o *run.Options) { o.Asks.Replay, o.Asks.Acknowledge = e.Replay, e.Ack }

// stalled are the flags of readers that do not read.
type stalled struct {
	Stalled     int      `help:"So many further subscribers of the same channels read nothing once they have subscribed, and are not accounted for." default:"0" group:"asks"`
	StalledType []string `help:"Their connection types, in turn: websocket or one that streams." default:"websocket" group:"asks"`
}

func (s *stalled) set(o *run.Options) { o.Asks.Stalled, o.Asks.StalledTypes = s.Stalled, s.StalledType }
