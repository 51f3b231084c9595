// Package config is the configuration of `halley serve`: one struct that gives
// the flags, the environment variables and the entries of a file.
package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"halley/loop"
)

// Serve is everything that can be set. The name of a field is the name of its
// flag, and help shows the defaults; those of package loop are checked to be
// the same by a test.
type Serve struct {
	Config      File `group:"process" placeholder:"FILE" help:"JSON object with flag names for keys; flags and environment variables go before it."`
	CheckConfig bool `group:"process" env:"-" help:"Validate, print the effective configuration as JSON and leave."`

	Listen          Lines         `group:"listener" sep:"none" default:":8080" help:"Public address, host:port; repeatable."`
	Mount           Lines         `group:"listener" sep:"none" default:"${mounts}" placeholder:"PATH" help:"Path that speaks Bayeux, with any suffix below it; repeatable (default /bayeux and /cometd)."`
	AllowOrigin     Lines         `group:"listener" sep:"none" placeholder:"ORIGIN" help:"Origin whose pages may use the server from another host, with credentials; * admits any, without credentials; repeatable (default none)."`
	CallbackPolling bool          `group:"listener" default:"true" help:"Serve callback-polling (JSONP), to pages that --allow-origin admits and to the server's own; --callback-polling=false turns it off."`
	CallbackUnnamed bool          `group:"listener" default:"true" help:"Serve callback-polling also where the browser does not tell which page asks: old browsers, programs, and pages of the same site without Referer."`
	AdvertiseHost   Lines         `group:"listener" sep:"none" placeholder:"HOST" help:"Further host[:port] by which browsers reach this server, for the connections that they hold; repeatable (default none)."`
	Loops           int           `group:"listener" default:"0" help:"Event loops; 0 is one for each CPU."`
	MaxConnections  int           `group:"listener" default:"0" help:"Connections at once, further ones are answered 503; 0 is what the file limit allows."`
	HeaderTimeout   time.Duration `group:"listener" default:"10s" help:"From the first byte of a header block to its last."`
	BodyTimeout     time.Duration `group:"listener" default:"20s" help:"From the first byte of a body to its last."`
	IdleTimeout     time.Duration `group:"listener" default:"75s" help:"Between the requests of one connection."`

	Hold             time.Duration `group:"bayeux" placeholder:"28s" help:"How long a /meta/connect is held, below the 30s after which many routers give up; with --profile salesforce the default is 110s."`
	Interval         time.Duration `group:"bayeux" default:"0s" help:"How long a client waits before its next connect."`
	MaxInterval      time.Duration `group:"bayeux" placeholder:"15s" help:"How long a session outlives its last connect reply; with --profile salesforce the default is 40s."`
	MaxInactivity    time.Duration `group:"bayeux" default:"0s" help:"How long a client may send nothing but connects before its session ends; 0s is for ever."`
	PollsPerBrowser  int           `group:"bayeux" default:"4" help:"Held polls of one browser before further tabs poll at an interval; 0 sets no cookie."`
	CookieSameSite   string        `group:"bayeux" default:"lax" enum:"lax,strict,none,off" help:"The attribute SameSite of the browser cookie: lax, strict, none (for pages of other sites; needs --cookie-secure) or off, which leaves it out."`
	CookieSecure     bool          `group:"bayeux" help:"The browser cookie comes back over TLS alone."`
	LenientHandshake bool          `group:"bayeux" help:"Accept a handshake without a common connection type."`
	Profile          string        `group:"bayeux" default:"" enum:"salesforce," help:"salesforce: replayId, errors and advice as clients of Salesforce's streaming expect them."`
	Timestamp        bool          `group:"bayeux" help:"Replies and events have a field timestamp."`
	EchoService      bool          `group:"bayeux" help:"What a client publishes to a service channel comes back to it, for tests."`
	Rule             Lines         `group:"bayeux" sep:"none" placeholder:"RULE" help:"Channel rule, 'PATTERN option…', for example '/stock/** publish=internal'; all that match apply in order; repeatable."`

	MaxMessage       Size `group:"limits" default:"64KiB" help:"One HTTP body or websocket message; a larger one is answered 413 or 1009."`
	MaxHeader        Size `group:"limits" default:"16KiB" help:"One header block; a larger one is answered 431."`
	MaxHeaderFields  int  `group:"limits" default:"100" help:"Fields of one header block; more are answered 431."`
	MaxTarget        Size `group:"limits" default:"8KiB" help:"The request target; a longer one is answered 414."`
	MaxDepth         int  `group:"limits" default:"64" help:"Nesting of JSON."`
	MaxBatch         int  `group:"limits" default:"1000" help:"Messages of one request."`
	MaxSubscriptions int  `group:"limits" default:"1000" help:"Patterns of one session."`
	MaxChannelLength Size `group:"limits" default:"256" help:"Length of a channel name in bytes."`
	MaxChannelDepth  int  `group:"limits" default:"16" help:"Segments of a channel name."`
	MaxSessions      int  `group:"limits" default:"1048576" help:"Sessions at once."`
	HandshakeStorm   int  `group:"limits" default:"200" help:"Handshakes of one source (address or IPv6 /64, X-Forwarded-For, User-Agent, browser cookie), on one event loop, that no second connect has followed in 5 s and --interval; above that many its handshakes are refused for a while; 0 sets no limit."`
	HandshakeRate    int  `group:"limits" default:"0" help:"Handshakes per second from one address (one IPv6 /64); more are answered 429; 0 sets no limit."`
	MaxOutput        Size `group:"limits" default:"1MiB" help:"Bytes that may wait for one connection below its session's queue."`
	TurnWork         int  `group:"limits" default:"50000" help:"Units of work (messages, patterns, deliveries) after which a batch makes way for an event loop's other clients and goes on later."`
	MaxMailbox       Size `group:"limits" default:"64MiB" help:"Bytes that may wait for one event loop; beyond it a publish is answered 503."`
	MaxMemory        Size `group:"limits" default:"0" help:"Memory of the process; near it new work is refused, then what waits is given up, for absent clients first; 0 is 3/4 of what the memory cgroup or the host has."`
	UnsentBytes      Size `group:"limits" default:"16KiB" help:"Bytes that the kernel takes of a connection before it can send them, so that they are fresh on slow links; 0 leaves it to the kernel."`

	SlowTimeout time.Duration `group:"limits" default:"30s" help:"How long a connection may read nothing of what waits for it before it is closed."`

	Heartbeat          time.Duration `group:"streams" default:"25s" help:"How often a silent stream says something, for proxies."`
	StreamBytes        Size          `group:"streams" default:"1MiB" help:"After which a streamed response ends, for its client to open the next."`
	StreamAge          time.Duration `group:"streams" default:"10m" help:"Likewise, by time."`
	StreamPadding      Size          `group:"streams" default:"0" help:"White space at the start of a streamed response, for browsers of old."`
	WSMessagesPerFrame int           `group:"streams" default:"0" help:"Messages in one websocket frame; 0 is all that there are."`
	WsCompressAbove    Size          `group:"streams" default:"0" help:"Compress websocket frames above this size for clients that can (RFC 7692), each on its own; takes up to 1 MiB for each event loop and nothing for a connection; 0 compresses none."`

	HistoryBytes   Size   `group:"history" default:"64MiB" help:"What is remembered of all channels together; beyond it the oldest goes."`
	HistoryFile    string `group:"history" placeholder:"FILE" help:"What has a history survives a restart by this file (default none)."`
	HistorySync    string `group:"history" default:"interval" enum:"always,interval,never" help:"When that file is safe from a crash of the machine: always (before a publish is acknowledged), interval (once a second) or never (when the system pleases)."`
	HistoryExpired string `group:"history" default:"error" enum:"error,earliest,tip" help:"What a client gets whose cursor is forgotten: error, earliest (all there is) or tip (nothing)."`

	QueueMessages int    `group:"queue" default:"10000" help:"Messages that may wait for one session."`
	QueueBytes    Size   `group:"queue" default:"2MiB" help:"Bytes that may wait for one session: its messages, 32 bytes for each, and with the acknowledge extension what is not acknowledged."`
	ReplyBytes    Size   `group:"queue" default:"256KiB" help:"Bytes of messages in one reply, or one frame; what else waits goes with the next at once. A longer message goes alone."`
	Slow          string `group:"queue" default:"drop-oldest" enum:"drop-oldest,conflate,disconnect" help:"What a full queue does: drop-oldest, conflate or disconnect."`

	Internal            string        `group:"internal" default:"127.0.0.1:8081" help:"Address of the internal listener; empty turns it off."`
	InternalKey         Secret        `group:"internal" placeholder:"KEY" help:"Bearer key that the internal listener asks for (default none)."`
	InternalHost        Lines         `group:"internal" sep:"none" placeholder:"NAME" help:"Name by which requests may call the internal listener without a key, beside addresses and localhost; repeatable (default none)."`
	InternalConnections int           `group:"internal" default:"128" help:"Connections of the internal listener at once; at most ${internal}, of the ${reserved} files that are kept back from public ones."`
	InternalTimeout     time.Duration `group:"internal" default:"30s" help:"Reading a request or writing a response of the internal listener."`
	MaxPublish          Size          `group:"internal" default:"16MiB" help:"One body of POST /publish, a sixteenth of --max-memory at most; a larger one is answered 413."`
	DedupKeys           int           `group:"internal" default:"100000" help:"Keys of publishes that are remembered to recognise repeats."`
	DedupWindow         time.Duration `group:"internal" default:"10m" help:"How long such a key is remembered."`

	Demo     bool  `group:"demo" help:"Publish a synthetic market to /stock/SYMBOL, for the demo pages; its channels are publish=internal, with a snapshot. Keeps a history of /chat."`
	DemoRate int   `group:"demo" default:"30" help:"Ticks per second of the market, on average."`
	DemoSeed int64 `group:"demo" default:"1" help:"Seed of the market; the same seed gives the same prices."`

	DrainDelay   time.Duration `group:"process" default:"3s" help:"How long everything is served on after SIGTERM, while /health/ready says 503, before the drain; not at all if nobody has asked it."`
	DrainTimeout time.Duration `group:"process" default:"10s" help:"How long a drain may take after SIGTERM."`
	GcPercent    int           `group:"process" default:"100" help:"Garbage collector percentage, unless GOGC is set."`
	TimerSlack   time.Duration `group:"process" default:"2ms" help:"How late the kernel may wake the process for its own timers, which saves CPU time; 0 is what it is started with."`
	LogLevel     string        `group:"process" default:"info" enum:"debug,info,warn,error" help:"Least level that is logged: debug, info, warn or error."`
	LogFormat    string        `group:"process" default:"text" enum:"text,json" help:"Form of the log on standard error: text or json."`
}

// Groups are the headings of help, for kong.ExplicitGroups.
func Groups() []kong.Group {
	return []kong.Group{
		{Key: "listener", Title: "Public listener (durations such as 500ms, 30s, 5m):"},
		{Key: "bayeux", Title: "Bayeux:"},
		{Key: "limits", Title: "Limits (sizes in bytes, KiB, MiB or GiB):"},
		{Key: "streams", Title: "Streams:"},
		{Key: "history", Title: "History, of channels with a rule for it:"},
		{Key: "queue", Title: "Queue of each session:"},
		{Key: "internal", Title: "Internal listener:"},
		{Key: "demo", Title: "Demo:"},
		{Key: "process", Title: "Process:"},
		{Key: "where", Title: "Where to publish:"},
		{Key: "replay", Title: "Recorded feed:"},
	}
}

// Vars are the interpolations of the struct tags.
func Vars() kong.Vars {
	return kong.Vars{
		"mounts": "/bayeux\n/cometd", "internal": strconv.Itoa(loop.InternalFiles), "reserved": strconv.Itoa(loop.ReservedFiles),
	}
}

// AfterApply fills in what depends on other flags.
func (c *Serve) AfterApply() error {
	if c.Hold == 0 {
		c.Hold = defaultHold
		if c.Profile == "salesforce" {
			c.Hold = salesforceHold
		}
	}
	if c.MaxInterval == 0 {
		c.MaxInterval = defaultMaxInterval
		if c.Profile == "salesforce" {
			c.MaxInterval = salesforceMaxInterval
		}
	}
	return nil
}

const (
	defaultHold    = 28 * time.Second  // many routers give up a request at 30 s
	salesforceHold = 110 * time.Second // what Salesforce advises

	defaultMaxInterval    = 15 * time.Second
	salesforceMaxInterval = 40 * time.Second // how long Salesforce's clients have to come back
)

// Validate checks what no other package does. Its errors name the flag.
func (c *Serve) Validate() error {
	positive := []struct {
		flag  string
		value int64
	}{
		{"internal-connections", int64(c.InternalConnections)},
		{"internal-timeout", int64(c.InternalTimeout)},
		{"max-publish", int64(c.MaxPublish)},
		{"dedup-keys", int64(c.DedupKeys)},
		{"dedup-window", int64(c.DedupWindow)},
		{"demo-rate", int64(c.DemoRate)},
		{"gc-percent", int64(c.GcPercent)},
	}
	for _, p := range positive {
		if p.value <= 0 {
			return fmt.Errorf("--%s: must be more than 0", p.flag)
		}
	}
	if c.DemoRate > maxDemoRate {
		return fmt.Errorf("--demo-rate: must be at most %d", maxDemoRate)
	}
	if c.DrainDelay < 0 || c.DrainDelay > maxDrainDelay {
		return fmt.Errorf("--drain-delay: must be 0 to %v", maxDrainDelay)
	}
	if c.TimerSlack < 0 || c.TimerSlack > maxTimerSlack {
		return fmt.Errorf("--timer-slack: must be 0 to %v", maxTimerSlack)
	}
	if c.Internal != "" {
		if err := loop.CheckAddress(c.Internal); err != nil {
			return fmt.Errorf("--internal %w", err)
		}
	}
	if c.InternalConnections > loop.InternalFiles {
		return fmt.Errorf("--internal-connections: must be at most %d, of the %d files that are kept back from public connections",
			loop.InternalFiles, loop.ReservedFiles)
	}
	return nil
}

const (
	// maxDemoRate is far beyond what people can read.
	maxDemoRate = 100_000
	// maxTimerSlack keeps the ticks of event loops apart.
	maxTimerSlack = 50 * time.Millisecond
	// maxDrainDelay is more than the slowest load balancer needs to look.
	maxDrainDelay = time.Hour
)

// Loop is the part that the event loops are told. Log and Pages are left to
// the caller.
func (c *Serve) Loop() loop.Config {
	return loop.Config{
		Listen:             c.Listen,
		Mounts:             c.Mount,
		Loops:              c.Loops,
		Hold:               c.Hold,
		Interval:           c.Interval,
		MaxInterval:        c.MaxInterval,
		MaxConnections:     c.MaxConnections,
		MaxMessage:         int(c.MaxMessage),
		MaxHeader:          int(c.MaxHeader),
		MaxHeaderFields:    c.MaxHeaderFields,
		MaxTarget:          int(c.MaxTarget),
		HeaderTimeout:      c.HeaderTimeout,
		BodyTimeout:        c.BodyTimeout,
		IdleTimeout:        c.IdleTimeout,
		MaxDepth:           c.MaxDepth,
		MaxBatch:           c.MaxBatch,
		MaxSubscriptions:   c.MaxSubscriptions,
		MaxChannelLength:   int(c.MaxChannelLength),
		MaxChannelDepth:    c.MaxChannelDepth,
		MaxSessions:        c.MaxSessions,
		HandshakeRate:      c.HandshakeRate,
		HandshakeStorm:     c.HandshakeStorm,
		MaxOutput:          int(c.MaxOutput),
		TurnWork:           c.TurnWork,
		MaxMailbox:         int(c.MaxMailbox),
		MaxMemory:          int(c.MaxMemory),
		UnsentBytes:        int(c.UnsentBytes),
		SlowTimeout:        c.SlowTimeout,
		Heartbeat:          c.Heartbeat,
		StreamBytes:        int(c.StreamBytes),
		StreamAge:          c.StreamAge,
		StreamPadding:      int(c.StreamPadding),
		WSMessagesPerFrame: c.WSMessagesPerFrame,
		WSCompressAbove:    int(c.WsCompressAbove),
		QueueMessages:      c.QueueMessages,
		QueueBytes:         int(c.QueueBytes),
		ReplyBytes:         int(c.ReplyBytes),
		Slow:               c.Slow,
		Rules:              c.rules(),
		AllowOrigin:        c.AllowOrigin,
		CallbackPolling:    c.CallbackPolling,
		CallbackUnnamed:    c.CallbackUnnamed,
		AdvertiseHosts:     c.AdvertiseHost,
		PollsPerBrowser:    c.PollsPerBrowser,
		CookieSameSite:     c.CookieSameSite,
		CookieSecure:       c.CookieSecure,
		LenientHandshake:   c.LenientHandshake,
		MaxInactivity:      c.MaxInactivity,
		Profile:            c.Profile,
		Timestamp:          c.Timestamp,
		EchoService:        c.EchoService,
		HistoryBytes:       int(c.HistoryBytes),
		HistoryFile:        c.HistoryFile,
		HistorySync:        c.HistorySync,
		HistoryExpired:     c.HistoryExpired,
		DrainTimeout:       c.DrainTimeout,
	}
}

// AccessRules are the rules that say who may publish or subscribe.
func (c *Serve) AccessRules() (access []string) {
	for _, rule := range c.rules() {
		if strings.Contains(rule, "publish=") || strings.Contains(rule, "subscribe=") {
			access = append(access, rule)
		}
	}
	return access
}

// rules puts the demo's rules first, so that given ones can change them.
func (c *Serve) rules() []string {
	if !c.Demo {
		return c.Rule
	}
	return append([]string{"/stock/** publish=internal snapshot", "/chat/** history=100 history=24h"}, c.Rule...)
}
