package loop

import (
	"time"

	"halley/bayeux"
	"halley/httpparse"
	"halley/loop/address"
	"halley/loop/front"
	"halley/loop/limits"
	"halley/loop/sequence"
	"halley/loop/socket"
)

// Settings are what an operator may set, in the order in which help shows them. Those of the packages
// below stand beside the code that uses them, as these do. What a tag says is in package
// loop/settings; it stands nowhere else.
type Settings struct {
	Listener
	bayeux.Timing
	front.Cookie
	bayeux.Dialect
	Rules []string `name:"rule" reload:"yes" type:"lines" group:"bayeux" sep:"none" placeholder:"RULE" help:"Channel rule, 'PATTERN option…', for example '/stock/** publish=internal'; all that match apply in order; repeatable."`
	Input
	bayeux.Limits
	Bounds
	socket.Settings
	Streams
	sequence.History
	bayeux.QueueLimits
	LogRequests  int           `name:"log-requests" group:"process" default:"0" min:"0" max:"1000000000" help:"Log one of so many requests of the public listener, with its status, bytes and time; 0 logs none."`
	Control      string        `name:"control" group:"process" placeholder:"PATH" help:"Unix socket by which a later server with the same flags takes over from this one, without a refused connection or a lost event (default none)."`
	DrainTimeout time.Duration `name:"drain-timeout" reload:"yes" group:"process" default:"10s" min:"0s" max:"1h" help:"How long a drain may take after SIGTERM."`
}

// Listener is where the public listener is, and who may use it.
type Listener struct {
	Listen    []string `name:"listen" type:"lines" group:"listener" sep:"none" default:":8080" help:"Public address, host:port, unix:/path or fd:NAME, a socket of systemd's; repeatable."`
	TLSListen []string `name:"tls-listen" type:"lines" group:"listener" sep:"none" placeholder:"ADDRESS" help:"Public address for TLS, in the same forms; repeatable (default none)."`
	UnixMode  string   `name:"unix-mode" group:"listener" default:"0660" help:"Mode of the files of unix sockets that are listened on."`
	address.Settings
	front.Admission
	AdvertiseHosts []string      `name:"advertise-host" type:"lines" group:"listener" sep:"none" placeholder:"HOST" help:"Further host[:port] by which browsers reach this server, for the connections that they hold; repeatable (default none)."`
	Loops          int           `name:"loops" group:"listener" default:"0" min:"1" max:"256" help:"Event loops; 0 is one for each CPU."`
	Steer          SteerMode     `name:"steer" group:"listener" default:"auto" enum:"auto,on,off" help:"Bring the connections of a client to one event loop, so that no request goes from loop to loop: auto (all of one address, while that spreads them evenly and no proxy is trusted; others one by one), on (all of one address always) or off."`
	MaxConnections int           `name:"max-connections" reload:"yes" group:"listener" default:"0" help:"Connections at once, further ones are answered 503; 0 is what the file limit allows."`
	HeaderTimeout  time.Duration `name:"header-timeout" reload:"yes" group:"listener" default:"10s" min:"100ms" max:"10m" help:"From the first byte of a header block to its last."`
	// A client may take nothing of a long reply for as long, too.
	BodyTimeout time.Duration `name:"body-timeout" reload:"yes" group:"listener" default:"20s" min:"100ms" max:"10m" help:"From the first byte of a body to its last."`
	IdleTimeout time.Duration `name:"idle-timeout" reload:"yes" group:"listener" default:"75s" min:"100ms" max:"1h" help:"Between the requests of one connection."`
	KeepAlive   time.Duration `name:"keep-alive" group:"listener" default:"60s" min:"1s" max:"2h" help:"How long a connection may be silent before the kernel asks whether its peer is still there; one that does not answer is closed 45 seconds later, and one that does not confirm what was written 40 seconds after this time, or after a quarter of an hour."`
}

// Input bounds one request.
type Input struct {
	MaxMessage int `name:"max-message" type:"size" group:"limits" default:"64KiB" min:"1KiB" max:"64MiB" help:"One HTTP body or websocket message; a larger one is answered 413 or 1009."`
	httpparse.Limits
}

// Bounds keep the work and the memory of one event loop within limits.
type Bounds struct {
	limits.Settings
	MaxOutput   int           `name:"max-output" type:"size" group:"limits" default:"1MiB" min:"4KiB" max:"1GiB" help:"Bytes that may wait for one connection below its session's queue."`
	TurnWork    int           `name:"turn-work" group:"limits" default:"50000" min:"100" max:"1073741824" help:"Units of work (messages, patterns, deliveries) after which a batch makes way for an event loop's other clients and goes on later."`
	MaxMailbox  int           `name:"max-mailbox" type:"size" group:"limits" default:"64MiB" min:"64KiB" max:"1GiB" help:"Bytes that may wait for one event loop; beyond it a publish is answered 503."`
	MaxMemory   int           `name:"max-memory" type:"size" group:"limits" default:"0" min:"32MiB" max:"65536GiB" help:"Memory of the process; near it new work is refused, then what waits is given up, for absent clients first; 0 is 3/4 of what the memory cgroup or the host has."`
	AdmitLag    time.Duration `name:"admit-lag" group:"limits" default:"2s" min:"0s" max:"1m" help:"How late an event loop may be before new sessions are answered 503 and polls are advised to wait; 0 lets all in."`
	UnsentBytes int           `name:"unsent-bytes" reload:"yes" type:"size" group:"limits" default:"16KiB" min:"0" max:"1GiB" help:"Bytes that the kernel takes of a connection before it can send them, so that they are fresh on slow links; 0 leaves it to the kernel."`
	SlowTimeout time.Duration `name:"slow-timeout" reload:"yes" group:"limits" default:"30s" min:"1s" max:"1h" help:"How long a connection may read nothing of what waits for it before it is closed."`
}

// Streams are the responses that do not end with a message, and websockets.
type Streams struct {
	Heartbeat          time.Duration `name:"heartbeat" reload:"yes" group:"streams" default:"25s" min:"100ms" max:"1h" help:"How often a silent stream says something, for proxies."`
	StreamBytes        int           `name:"stream-bytes" reload:"yes" type:"size" group:"streams" default:"1MiB" min:"1KiB" max:"1024GiB" help:"After which a streamed response ends, for its client to open the next."`
	StreamAge          time.Duration `name:"stream-age" reload:"yes" group:"streams" default:"10m" min:"1s" max:"24h" help:"Likewise, by time."`
	StreamPadding      int           `name:"stream-padding" type:"size" group:"streams" default:"0" min:"0" max:"64KiB" help:"White space at the start of a streamed response, for browsers of old."`
	WSMessagesPerFrame int           `name:"ws-messages-per-frame" group:"streams" default:"0" min:"0" max:"1048576" help:"Messages in one websocket frame; 0 is all that there are."`
	WSCompressAbove    int           `name:"ws-compress-above" type:"size" group:"streams" default:"0" min:"0" max:"64MiB" help:"Compress websocket frames above this size for clients that can (RFC 7692), each on its own; takes up to 1 MiB for each event loop and nothing for a connection; 0 compresses none."`
}

// SteerMode says when new connections go to an event loop by the address that they come from.
type SteerMode string

// When they do. With SteerAuto it is while that spreads them evenly, and no proxy is trusted: the connections of one have one address.
const (
	SteerAuto SteerMode = "auto"
	SteerOn   SteerMode = "on"
	SteerOff  SteerMode = "off"
)
