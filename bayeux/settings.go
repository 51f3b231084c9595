package bayeux

import (
	"time"

	"halley/bayeux/channel"
	"halley/bayeux/message"
	"halley/bayeux/queue"
)

// What an operator may set of the protocol. The tags are those of package loop/settings: they are all
// that stands anywhere of a flag's name, default and bounds.

// Timing is for how long requests are held and sessions live.
type Timing struct {
	Hold            time.Duration `name:"hold" reload:"yes" group:"bayeux" placeholder:"28s" min:"100ms" max:"24h" help:"How long a /meta/connect is held, below the 30s after which many routers give up; with --profile salesforce the default is 110s."`
	Interval        time.Duration `name:"interval" reload:"yes" group:"bayeux" default:"0s" min:"0s" max:"1h" help:"How long a client waits before its next connect."`
	MaxInterval     time.Duration `name:"max-interval" group:"bayeux" placeholder:"15s" min:"1s" max:"24h" help:"How long a session outlives its last connect reply; with --profile salesforce the default is 40s."`
	MaxInactivity   time.Duration `name:"max-inactivity" reload:"yes" group:"bayeux" default:"0s" min:"0s" max:"24h" help:"How long a client may send nothing but connects before its session ends; 0s is for ever."`
	PollsPerBrowser int           `name:"polls-per-browser" group:"bayeux" default:"4" min:"0" max:"1000" help:"Held polls of one browser before further tabs poll at an interval; 0 sets no cookie."`
}

// Fill gives the times that nobody has set, those of 0, what clients of the profile expect.
func (t *Timing) Fill(p Profile) {
	hold, away := 28*time.Second, 15*time.Second // many routers give up a request at 30 s
	if p == Salesforce {
		hold, away = 110*time.Second, 40*time.Second // what Salesforce advises, and how long its clients may be away
	}
	if t.Hold == 0 {
		t.Hold = hold
	}
	if t.MaxInterval == 0 {
		t.MaxInterval = away
	}
}

// Profile is a way to speak Bayeux.
type Profile string

// Salesforce is the profile that clients of Salesforce's streaming need. The empty one is plain Bayeux.
const Salesforce Profile = "salesforce"

// Dialect is how the server speaks to its clients.
type Dialect struct {
	LenientHandshake bool    `name:"lenient-handshake" group:"bayeux" help:"Accept a handshake without a common connection type."`
	Profile          Profile `name:"profile" group:"bayeux" default:"" enum:"salesforce," help:"salesforce: replayId, errors and advice as clients of Salesforce's streaming expect them."`
	Timestamp        bool    `name:"timestamp" group:"bayeux" help:"Replies and events have a field timestamp."`
	EchoService      bool    `name:"echo-service" group:"bayeux" help:"What a client publishes to a service channel comes back to it, for tests."`
}

// Limits bound what clients may send and make the server keep.
type Limits struct {
	Scanner          message.Scanner `embed:""`
	MaxSubscriptions int             `name:"max-subscriptions" reload:"yes" group:"limits" default:"1000" min:"1" max:"100000" help:"Patterns of one session."`
	Channel          channel.Limits  `embed:""`
	MaxSessions      int             `name:"max-sessions" reload:"yes" group:"limits" default:"1048576" min:"1" max:"2147483648" help:"Sessions at once."`
	HandshakeStorm   int             `name:"handshake-storm" group:"limits" default:"200" min:"0" max:"1000000" help:"Handshakes of one source (address or IPv6 /64, X-Forwarded-For, User-Agent, browser cookie), on one event loop, that no second connect has followed in 5 s and --interval; above that many its handshakes are refused for a while; 0 sets no limit."`
}

// QueueLimits are those of what waits for one session. Package loop knows them by this name.
type QueueLimits = queue.Settings
