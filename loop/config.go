// Package loop is the reactor: gnet event loops that own every public socket,
// feed requests to the protocol core and execute the effects that come back.
package loop

import (
	"log/slog"
	"os"
	"time"

	"halley/bayeux"
	"halley/loop/front"
	"halley/loop/journal"
)

// Config is everything that a Server needs to know before it starts. Sizes are
// bytes. A zero Config is not usable: start from DefaultConfig.
type Config struct {
	Listen []string // addresses of the public listener, host:port each
	Mounts []string // URL paths that speak Bayeux; any suffix below one is accepted
	Loops  int      // number of event loops

	// Bayeux timing (advice of the Bayeux specification 1.0, section 2.2).
	Hold        time.Duration // how long a /meta/connect is held
	Interval    time.Duration // how long a client waits before its next connect
	MaxInterval time.Duration // how long a session outlives its last connect reply

	MaxInactivity time.Duration // how long a client may send nothing but connects; 0 is for ever

	// Limits.
	MaxConnections   int           // connections at once; more are answered 503
	MaxMessage       int           // one HTTP body
	MaxHeader        int           // one header block
	MaxHeaderFields  int           // fields in one header block
	MaxTarget        int           // the request target
	HeaderTimeout    time.Duration // from the first byte of a header block to its last
	BodyTimeout      time.Duration // from the first byte of a body to its last; a client may take nothing of a long reply for as long
	IdleTimeout      time.Duration // between requests of one connection
	MaxDepth         int           // nesting of JSON
	MaxBatch         int           // messages in one request
	MaxSubscriptions int           // patterns of one session
	MaxChannelLength int           // bytes of a channel name
	MaxChannelDepth  int           // segments of a channel name
	MaxSessions      int           // sessions at once
	HandshakeRate    int           // handshakes per second and address; 0 sets no limit
	HandshakeStorm   int           // handshakes of a source that nothing has followed, by loop; 0 sets no limit
	MaxOutput        int           // bytes that may wait in user space for a connection that takes none
	TurnWork         int           // units of work after which a loop looks at its other clients
	MaxMailbox       int           // bytes that may wait for one event loop
	MaxMemory        int           // bytes of memory above which new work is refused and what waits is given up; 0 is 3/4 of what the process may have
	UnsentBytes      int           // bytes that the kernel takes of a connection before it can send them; 0 leaves it to the kernel
	SlowTimeout      time.Duration // how long a connection may read nothing of what waits for it

	// Streams.
	Heartbeat          time.Duration // how often a silent stream says something
	StreamBytes        int           // after which a streamed response ends, for its client to open the next
	StreamAge          time.Duration // likewise
	StreamPadding      int           // white space at the start of a streamed response
	WSMessagesPerFrame int           // messages in one websocket frame; 0 is all that there are
	WSCompressAbove    int           // bytes of a websocket frame above which it is compressed, if the client can; 0 compresses none

	// The queue of each session.
	QueueMessages int
	QueueBytes    int
	ReplyBytes    int    // of one reply; what else waits goes with the next, and a longer message alone
	Slow          string // drop-oldest, conflate or disconnect

	HistoryBytes   int    // what is remembered of all channels together
	HistoryFile    string // what is remembered survives a restart by it; empty: it does not
	HistorySync    string // when the file is safe from a crash of the machine: always, interval or never
	HistoryExpired string // what a client gets for a cursor that is forgotten: error, earliest or tip

	Rules            []string // channel rules: 'PATTERN option…'
	AdvertiseHosts   []string // host or host:port by which clients may reach this server too
	AllowOrigin      []string // origins that may use the server cross-domain, with credentials; * admits any, without
	CallbackPolling  bool     // serve callback-polling, to pages that AllowOrigin admits and the server's own
	CallbackUnnamed  bool     // and to those whose browser does not name them
	PollsPerBrowser  int      // held polls per browser; 0 sets no cookie
	CookieSameSite   string   // lax, strict, none or off: that attribute of the browser cookie
	CookieSecure     bool     // it comes back over TLS alone
	LenientHandshake bool     // accept a handshake without a common connection type
	Profile          string   // salesforce speaks as Salesforce's streaming does; empty is plain Bayeux
	Timestamp        bool     // replies and events tell when they were made
	EchoService      bool     // what a client publishes to a service channel comes back to it

	// Policy decides after the rules; nil allows what they allow. For each Wait
	// of it, Decide is called on the event loop and calls verdict, at once or
	// later, from any goroutine.
	Policy bayeux.Policy
	Decide func(q bayeux.Question, verdict func(bayeux.Verdict))

	DrainTimeout time.Duration // how long a drain may take

	Pages func(path string) (Page, bool) // static pages of the public listener; nil serves none
	Log   *slog.Logger

	LimitHeap func(bytes int64) // has the Go runtime stay below that, which may change; nil leaves it as it is

	disk func(*os.File) journal.Disk // what the history file is written through; nil but in tests
}

// Page is one static resource of the public listener.
type Page = front.Page

// DefaultConfig holds the defaults that `halley serve --help` prints.
func DefaultConfig() Config {
	return Config{
		Listen:           []string{":8080"},
		Mounts:           []string{"/bayeux", "/cometd"},
		Hold:             28 * time.Second,
		MaxInterval:      15 * time.Second,
		MaxMessage:       64 << 10,
		MaxHeader:        16 << 10,
		MaxHeaderFields:  100,
		MaxTarget:        8 << 10,
		HeaderTimeout:    10 * time.Second,
		BodyTimeout:      20 * time.Second,
		IdleTimeout:      75 * time.Second,
		MaxDepth:         64,
		MaxBatch:         1000,
		MaxSubscriptions: 1000,
		MaxChannelLength: 256,
		MaxChannelDepth:  16,
		MaxSessions:      1 << 20,
		MaxOutput:        1 << 20,
		TurnWork:         50_000,
		MaxMailbox:       64 << 20,
		UnsentBytes:      16 << 10,
		SlowTimeout:      30 * time.Second,
		Heartbeat:        25 * time.Second,
		StreamBytes:      1 << 20,
		StreamAge:        10 * time.Minute,
		HistoryBytes:     64 << 20,
		HistorySync:      "interval",
		HistoryExpired:   "error",
		QueueMessages:    10000,
		QueueBytes:       2 << 20,
		ReplyBytes:       256 << 10,
		Slow:             "drop-oldest",
		PollsPerBrowser:  4,
		CookieSameSite:   "lax",
		CallbackPolling:  true,
		CallbackUnnamed:  true,
		HandshakeStorm:   200,
		DrainTimeout:     10 * time.Second,
		Log:              slog.Default(),
	}
}
