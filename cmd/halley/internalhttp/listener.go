// Package internalhttp is the internal listener: where back-ends publish and
// operators look. It is a fasthttp server, apart from the event loops.
package internalhttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"halley/bayeux/message"
	"halley/loop"
	"halley/loop/access/key"
	"halley/loop/presence"
)

// Publisher takes publications, as loop.Server does.
type Publisher interface {
	Publish(batch []loop.Publication) error
	// Short is the error that publishes are refused with while memory is short. Otherwise it
	// notes that a publish is about to take so many bytes.
	Short(bytes int) error
}

// Registry knows channels and sessions, as loop.Server does.
type Registry interface {
	Channels(ctx context.Context) ([]loop.ChannelInfo, error)
	Subscribers(ctx context.Context, pattern string) (int, error)
	Sessions(ctx context.Context, limit int) ([]loop.SessionInfo, error)
	Session(ctx context.Context, id string) (*loop.SessionDetail, error)
	Disconnect(ctx context.Context, id string) (bool, error)
}

// Readiness tells why the server should be sent no new clients, as loop.Server does.
type Readiness interface {
	Unready() []string
}

// Ruler knows the channel rules, as loop.Server does.
type Ruler interface {
	// KeyNeeded tells whether a channel, whose name is canonical, takes publishes of those alone
	// who have an API key that names it.
	KeyNeeded(name []byte) bool
	// Attended tells whether it is told who subscribes to a channel.
	Attended(name []byte) bool
}

// Backend is the server behind the listener.
type Backend interface {
	Publisher
	Ruler
	Registry
	Readiness
}

// Options are the listener's settings, and what the program tells it.
type Options struct {
	Settings
	MaxMessages int                                 // messages of one body
	MaxDepth    int                                 // nesting of JSON
	Keys        *key.Ring                           // nil: none are asked for
	Presence    *presence.Presence                  // nil: it is told of no channel who is there
	Cluster     func() ClusterStatus                // GET /cluster; nil: the server is no node of one
	Metrics     http.Handler                        // GET /metrics; nil has none
	Console     Console                             // the operator's page; nil has none
	Pages       func(path string) (loop.Page, bool) // what that is made of
	Subject     func(claims string) string          // whose token a session has shown, by its claims; nil: nobody knows
	Spans       *loop.Spans                         // takes publishes, to be traced; nil: nobody traces
	Log         *slog.Logger
}

// subject is whose token a session has shown, empty if nobody knows.
func (o *Options) subject(claims string) string {
	if o.Subject == nil || claims == "" {
		return ""
	}
	return o.Subject(claims)
}

// Listener serves the internal side of one Backend.
type Listener struct {
	backend Backend
	options Options
	gate    *gate
	scanner message.Scanner
	keys    *keys // of the dedup fields
	bodies  *bodies
	server  *fasthttp.Server
	leaves  atomic.Bool // each connection ends with its next answer
	asked   atomic.Bool // somebody wanted to know whether the server is ready
	sockets sync.Mutex  // guards the next two
	socket  *socket     // nil before Serve
	ended   bool        // by Shutdown
}

const (
	// Idle connections outlive those of the usual HTTP clients, so that a
	// client rather than this side closes them.
	idleTimeout = 75 * time.Second
	// lookupTimeout bounds how long the event loops are asked for a listing.
	lookupTimeout = 5 * time.Second
)

// New makes a listener. It serves nothing yet.
func New(b Backend, o Options) *Listener {
	if o.Keys == nil {
		o.Keys = new(key.Ring)
	}
	l := &Listener{
		backend: b,
		options: o,
		gate:    newGate(o),
		scanner: message.Scanner{MaxDepth: o.MaxDepth, MaxMessages: o.MaxMessages},
		bodies:  newBodies(o.MaxPublish, o.Timeout, b.Short),
		keys:    newKeys(o.DedupKeys, o.DedupWindow),
	}
	routes := l.routes()
	l.server = &fasthttp.Server{
		Name:               "halley",
		Handler:            func(ctx *fasthttp.RequestCtx) { l.serve(routes, ctx) },
		ErrorHandler:       badRequest,
		Concurrency:        o.Connections + 2*HealthConnections, // some that were closed just now still count
		ConnState:          moved,
		ReadTimeout:        o.Timeout,
		WriteTimeout:       o.Timeout,
		IdleTimeout:        idleTimeout,
		MaxRequestBodySize: o.MaxPublish,
		StreamRequestBody:  true, // a body is read when there is room for it

		DisablePreParseMultipartForm: true,
		NoDefaultContentType:         true,
		SecureErrorLogMessage:        true,
		CloseOnShutdown:              true,
		Logger:                       peerFaults{o.Log},
	}
	return l
}

// Serve answers requests until Shutdown. It closes ln.
func (l *Listener) Serve(ln net.Listener) error {
	socket := newSocket(ln, l.options.Connections, l.options.Log)
	l.sockets.Lock()
	l.socket = socket
	ended := l.ended
	l.sockets.Unlock()
	if ended {
		return socket.Close()
	}
	return l.server.Serve(socket)
}

// Leave lets each client go with its next answer: another server takes new connections.
func (l *Listener) Leave() { l.leaves.Store(true) }

// Shutdown stops listening and waits for requests in progress. Where Serve begins
// later, or is about to, it returns at once: fasthttp alone would let it go on.
func (l *Listener) Shutdown(ctx context.Context) error {
	l.sockets.Lock()
	l.ended = true
	socket := l.socket
	l.sockets.Unlock()
	if socket != nil {
		if err := socket.Close(); err != nil {
			return err
		}
	}
	return l.server.ShutdownWithContext(ctx)
}

// serve finds the route of a request.
func (l *Listener) serve(routes []route, ctx *fasthttp.RequestCtx) {
	if folded(ctx.Request.Header.RawHeaders()) {
		ctx.SetConnectionClose()
		fail(ctx, fasthttp.StatusBadRequest, "folded header line")
		return
	}
	path := string(ctx.Path())
	v, _ := ctx.Conn().(*visitor)
	defer func() {
		if v != nil && v.spare || l.leaves.Load() {
			ctx.SetConnectionClose() // for the next check, or the next server
		}
	}()
	var allowed []string
	for _, r := range routes {
		if !r.matches(path) {
			continue
		}
		if !r.accepts(string(ctx.Method())) {
			allowed = append(allowed, r.method)
			continue
		}
		switch {
		case r.open:
		case !l.gate.admit(ctx, r.right):
			return
		case v != nil && v.spare && !v.takePlace(l.options.Timeout):
			ctx.Response.Header.Set("Retry-After", "1")
			fail(ctx, fasthttp.StatusServiceUnavailable, "all of --internal-connections are in use")
			return
		}
		r.handle(ctx)
		return
	}
	if allowed == nil {
		fail(ctx, fasthttp.StatusNotFound, "no such resource")
		return
	}
	ctx.Response.Header.Set("Allow", strings.Join(allowed, ", "))
	fail(ctx, fasthttp.StatusMethodNotAllowed, "method not allowed")
}

// folded tells whether a line of a header block goes on with the field before it. fasthttp unfolds such lines, others on the way may
// have taken them for fields of their own (RFC 9112, 5.2 MUST fold).
func folded(block []byte) bool {
	return bytes.Contains(block, []byte("\n ")) || bytes.Contains(block, []byte("\n\t"))
}

// badRequest answers what fasthttp could not read.
func badRequest(ctx *fasthttp.RequestCtx, err error) {
	var network net.Error
	var small *fasthttp.ErrSmallBuffer
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		fail(ctx, fasthttp.StatusRequestEntityTooLarge, "body is longer than --max-publish, or a sixteenth of --max-memory")
	case errors.As(err, &small):
		fail(ctx, fasthttp.StatusRequestHeaderFieldsTooLarge, "header block is too large")
	case errors.As(err, &network) && network.Timeout():
		fail(ctx, fasthttp.StatusRequestTimeout, "request took too long")
	default:
		fail(ctx, fasthttp.StatusBadRequest, "malformed request")
	}
}

// peerFaults keeps what clients do wrong out of the log of our own faults.
type peerFaults struct{ log *slog.Logger }

// Printf logs at debug level.
func (p peerFaults) Printf(format string, args ...any) {
	p.log.Debug("internal listener", "message", strings.TrimSpace(fmt.Sprintf(format, args...)))
}
