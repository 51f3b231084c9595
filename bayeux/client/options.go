package client

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"

	"github.com/goccy/go-json"
)

// Options adjust a Client. The zero value is a good start.
type Options struct {
	// HTTP carries the requests of the built-in transport. Nil gives the client
	// one of its own with a cookie jar. It must have no Timeout of its own:
	// held connects last as long as the server wishes.
	HTTP *http.Client
	// TLS says how https servers are checked and which certificate the client shows; it
	// is not changed. Nil trusts the authorities of the system. It has no say where HTTP is
	// set.
	TLS *tls.Config
	// Header is added to each request, for example Authorization.
	Header http.Header
	// ConnectionTypes are the connection types to use, best first: websocket,
	// eventsource, long-polling. One that the server does not offer, or that does
	// not get through to it, is passed over for the next. Nil means long-polling.
	ConnectionTypes []string
	// Transport replaces the built-in connection types.
	Transport Transport
	// Token gives a token (JWT) for the server, a fresh one each time. Each handshake asks for
	// one, which goes into its ext as auth.token, and so does the session before the last one
	// expires, so that it goes on. Each request has the newest one as Authorization: Bearer,
	// unless Header or the address has other credentials. ctx is done after NetworkDelay. An error is told, and it is
	// asked again after the back-off. It is called by a goroutine of its own.
	Token func(ctx context.Context) (string, error)
	// HandshakeExt is the ext field of the handshake, a JSON object, or nil.
	HandshakeExt json.RawMessage
	// Acknowledge asks for CometD's acknowledge extension: what the client has not
	// got comes again, whatever happens to connections. Events come with connect
	// replies only then.
	Acknowledge bool
	// Replay asks for the replay extension. Subscriptions to channels with a history
	// go on after the last message handled, when a connection or the session is lost;
	// one with Since from the start, others once they have had a message. What they
	// had is not given to them again.
	Replay bool
	// Forgotten is what becomes of a subscription whose cursor the server has
	// forgotten.
	Forgotten Forgotten
	// NetworkDelay is how long a reply may take beyond what the server was
	// allowed to hold it, and an event-stream until it begins. Zero means 10 s.
	NetworkDelay time.Duration
	// Silence is how long an event-stream may bring nothing, not even a comment, before
	// it counts as dead. Zero means 75 s: servers say something every 10 s to 25 s.
	Silence time.Duration
	// MinBackoff and MaxBackoff bound the wait after a failure, which doubles
	// each time and is jittered by half. Zero means 500 ms and 30 s.
	MinBackoff, MaxBackoff time.Duration
	// MaxResponse bounds one response, websocket message or event in bytes. Zero
	// means 64 MiB.
	MaxResponse int64
	// Handler is given each message that a subscription is for, before the subscription's own
	// handler, and once even if several are for it. A subscription may have no handler then.
	Handler Handler
	// OnSession is told of each new session before anything comes by it. It must be quick, and not use the client. Nil
	// ignores them.
	OnSession func(Session)
	// OnError is told of each failure that Run recovers from, of subscriptions that
	// the server refused after a handshake, and of messages that it dropped
	// (*DroppedError). It is called by the goroutine of Run or Handshake, for a
	// DroppedError by the one that reads; nil ignores them.
	OnError func(error)

	credential *credential // what Token has given
}

const (
	defaultNetworkDelay = 10 * time.Second
	defaultSilence      = 75 * time.Second
	defaultMinBackoff   = 500 * time.Millisecond
	defaultMaxBackoff   = 30 * time.Second
	defaultMaxResponse  = 64 << 20
)

// fill replaces zero values by the defaults.
func (o *Options) fill() {
	if o.NetworkDelay == 0 {
		o.NetworkDelay = defaultNetworkDelay
	}
	if o.Silence == 0 {
		o.Silence = defaultSilence
	}
	if o.MinBackoff == 0 {
		o.MinBackoff = defaultMinBackoff
	}
	if o.MaxBackoff == 0 {
		o.MaxBackoff = max(defaultMaxBackoff, o.MinBackoff)
	}
	if o.MaxResponse == 0 {
		o.MaxResponse = defaultMaxResponse
	}
	if o.Transport != nil {
		o.ConnectionTypes = []string{o.Transport.ConnectionType()}
	}
	if len(o.ConnectionTypes) == 0 {
		o.ConnectionTypes = []string{longPollingType}
	}
	if o.Token != nil {
		o.credential = new(credential)
	}
	if o.OnSession == nil {
		o.OnSession = func(Session) {}
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
}
