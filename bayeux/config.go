// Proved by bayeux/testdata/handshake-limits.txt and TestPace.

package bayeux

import (
	"time"

	"halley/bayeux/event"
	"halley/bayeux/reply"
	"halley/bayeux/rules"
)

// Config is what a Server is told once: what an operator may set, and what its loop tells it.
type Config struct {
	Place Place // of this server and its sessions

	Timing
	Dialect
	Limits // MaxSessions is this loop's share
	QueueLimits

	MultiInterval time.Duration // interval for a browser's polls beyond PollsPerBrowser
	TurnWork      int           // units of work after which a batch makes way for others; 0 sets no limit
	MaxAsks       int           // questions that wait for a verdict
	MaxAhead      int           // bytes that may wait behind one that came on the same websocket
	MaxMessage    int           // bytes of a request, which handshakes tell; 0 tells nothing
	NoCallback    bool          // callback-polling is turned off
	Hosts         []string      // by which clients may reach this server too

	// Durable says that events with a history are acknowledged to their publisher
	// only when they are stored: their Publish has a Ticket.
	Durable bool

	// Announced says that a subscription to a pattern of which nobody here is a subscriber is a Join too, where nothing is
	// remembered: it is answered when others who publish know of it.
	Announced bool

	Rules     rules.Rules
	Authority Authority                            // nil allows what the rules allow
	Browsers  Browsers                             // nil counts none
	Congested func() bool                          // tells that no event can be passed on now; nil: never
	Crowded   func() bool                          // tells that no session or subscription can be made now; nil: never
	TooWide   func(wildcards int) bool             // tells that so many more patterns with wildcards are too many; nil: never
	Apart     func(node uint16) bool               // tells that a node is there, though its sessions cannot be asked for a moment; nil: never
	Pace      func() int64                         // the least interval that polls are advised, in milliseconds; nil: none
	Ended     func(Ending)                         // is told of each session that ends, except by a panic; nil: nobody wants to know
	Heard     func(e event.Event, subscribers int) // is told of each event that was delivered, and how many got it at once; nil: nobody wants to know
	Random    func(p []byte)                       // fills p with unpredictable bytes
	Fault     func(cause any)                      // is told of panics that end no more than one session or request; nil: they are not recovered

	Routers Routers // knows what servers pass on to each other; nil: nothing is passed on, and no trail is looked at

	Attendance Attendance // is told who is there; nil: nobody wants to know
}

// Running is what of a Config may change while a Server runs.
type Running struct {
	Rules            rules.Rules
	MaxSessions      int    // this loop's share
	MaxSubscriptions int    // of one session
	Timing           Timing // but for MaxInterval and PollsPerBrowser, which stay
	Queue            QueueLimits
}

// crowded tells that there is no memory for more sessions and subscriptions.
func (c *Config) crowded() bool { return c.Crowded != nil && c.Crowded() }

// shakeHands is the advice for a client whose session is not known here. If the session's node is only apart, the client waits a second:
// a session made at once might be on the other side for its next request, and a client without a pause would do nothing but shake hands.
func (c *Config) shakeHands(clientID []byte) string {
	if a, ok := ParseClientID(clientID); ok && c.Apart != nil && c.Apart(a.Node) {
		return reply.AdviceApart
	}
	return reply.AdviceHandshake
}

// tooWide tells that so many more patterns with wildcards are too many.
func (c *Config) tooWide(wildcards int) bool {
	return wildcards > 0 && c.TooWide != nil && c.TooWide(wildcards)
}

// noSession tells why no session can be made beside so many; nothing, if one can.
func (c *Config) noSession(beside int) (failure reply.Code) {
	switch {
	case beside >= c.MaxSessions:
		return reply.SessionsFull
	case c.crowded():
		return reply.Congested
	}
	return reply.Success
}

// pace is the least interval that connects of a kind are advised, in milliseconds: those that poll cost a request each time.
func (c *Config) pace(kind ConnectionType) int64 {
	if c.Pace == nil || !kind.polls() {
		return 0
	}
	return c.Pace()
}

// periods are the durations of a Config in milliseconds, in which the protocol counts time.
type periods struct{ hold, interval, maxInterval, multiInterval, maxInactivity int64 }

func newPeriods(cfg *Config) periods {
	return periods{
		hold:          cfg.Hold.Milliseconds(),
		interval:      cfg.Interval.Milliseconds(),
		maxInterval:   cfg.MaxInterval.Milliseconds(),
		multiInterval: cfg.MultiInterval.Milliseconds(),
		maxInactivity: cfg.MaxInactivity.Milliseconds(),
	}
}

const (
	wheelTick   = 100 // milliseconds
	wheelSlots  = 2048
	expiryBatch = 2000 // sessions looked at in one Tick
)
