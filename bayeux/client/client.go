// Package client is a Bayeux 1.0 client: it shakes hands, subscribes,
// publishes, and keeps a connection open by the server's advice.
//
//	c, err := client.New("http://127.0.0.1:8080/bayeux", client.Options{})
//	err = c.Handshake(ctx)
//	err = c.Subscribe(ctx, "/stock/*", func(m client.Message) { fmt.Println(string(m.Data)) })
//	err = c.Run(ctx) // delivers until ctx is done or the server wants no more connects
//
// Messages reach the handlers one at a time, in the order in which they came
// from the server. All methods may be called from any goroutine, handlers
// included.
package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/goccy/go-json"
)

// Options adjust a Client. The zero value is a good start.
type Options struct {
	// HTTP carries the requests of the built-in transport. Nil gives the client
	// one of its own with a cookie jar. It must have no Timeout of its own:
	// held connects last as long as the server wishes.
	HTTP *http.Client
	// Header is added to each request, for example Authorization.
	Header http.Header
	// ConnectionTypes are the connection types to use, best first: websocket,
	// eventsource, long-polling. One that the server does not offer, or that does
	// not get through to it, is passed over for the next. Nil means long-polling.
	ConnectionTypes []string
	// Transport replaces the built-in connection types.
	Transport Transport
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
	// allowed to hold it. Zero means 10 s.
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
	// OnError is told of each failure that Run recovers from, of subscriptions that
	// the server refused after a handshake, and of messages that it dropped
	// (*DroppedError). It is called by the goroutine of Run or Handshake, for a
	// DroppedError by the one that reads; nil ignores them.
	OnError func(error)
}

const (
	defaultNetworkDelay = 10 * time.Second
	defaultSilence      = 75 * time.Second
	defaultMinBackoff   = 500 * time.Millisecond
	defaultMaxBackoff   = 30 * time.Second
	defaultMaxResponse  = 64 << 20
	// resubscribeBatch bounds the messages of one request after a handshake, so
	// that many subscriptions stay below a server's limit for one body.
	resubscribeBatch = 50
)

// Client is one Bayeux session and its successors: after a lost session it
// shakes hands and subscribes anew.
type Client struct {
	options Options
	polling *longPolling // what the built-in transports have in common
	inbox   inbox
	wished  chan struct{} // has one entry when Use was called

	mu      sync.Mutex
	lastID  uint64
	pending map[string]place
	session string // clientId, empty without a session
	advice  Advice
	link    *link
	kinds   []string // connection types, best first
	offers  []string // connection types that the server has
	wish    string   // the connection type to move to
	fresh   bool     // the next connect is the first of its session or the first after a failure
	running bool
	torn    bool // the server may count as delivered what was lost

	acknowledges bool  // the server has the acknowledge extension
	acknowledged int64 // the number of the last connect reply
	replay       bool  // the server has the replay extension

	closing bool               // Disconnect was called
	ended   bool               // and is done
	stop    context.CancelFunc // ends the Run in progress
}

// New makes a Client of the Bayeux endpoint at address, an http or https URL.
// Nothing is sent before Handshake or Run.
func New(address string, o Options) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("client: %q is no http or https URL", address)
	}
	if o.HandshakeExt != nil && !json.Valid(o.HandshakeExt) {
		return nil, errors.New("client: HandshakeExt is not JSON")
	}
	o.fill()
	polling, err := newLongPolling(u.String(), o)
	if err != nil {
		return nil, err
	}
	c := &Client{
		options: o,
		polling: polling,
		wished:  make(chan struct{}, 1),
		kinds:   o.ConnectionTypes,
		pending: make(map[string]place),
		advice:  defaultAdvice(),
	}
	for _, kind := range c.kinds {
		if c.transport(kind) == nil {
			return nil, fmt.Errorf("client: unknown connection type %q", kind)
		}
	}
	return c, nil
}

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
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
}

// ID is the clientId of the present session, empty without one.
func (c *Client) ID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// Unsubscribe removes the handler of a pattern and the session's subscription.
func (c *Client) Unsubscribe(ctx context.Context, pattern string) error {
	c.inbox.remove(pattern)
	session := c.ID()
	if session == "" {
		return nil
	}
	_, err := c.one(ctx, request{Channel: "/meta/unsubscribe", ClientID: session, Subscription: pattern})
	if err == nil || isLost(err) {
		return nil
	}
	return fmt.Errorf("client: unsubscribe %s: %w", pattern, err)
}

// Publish sends one message to a channel; data is one JSON value and travels
// byte for byte. It returns when the server has confirmed it. It is not
// repeated after a lost connection, since the server may have had it.
func (c *Client) Publish(ctx context.Context, channel string, data json.RawMessage) error {
	return c.PublishBatch(ctx, []Message{{Channel: channel, Data: data}})
}

// PublishBatch sends messages in one request, in order. A refused message
// does not stop those after it; the error is then a *BatchError that names
// each of them.
func (c *Client) PublishBatch(ctx context.Context, messages []Message) error {
	session := c.ID()
	if session == "" {
		return ErrNoSession
	}
	requests := make([]request, len(messages))
	for i, m := range messages {
		if !json.Valid(m.Data) {
			return fmt.Errorf("client: publish %s: data is not JSON", m.Channel)
		}
		requests[i] = request{Channel: m.Channel, ClientID: session, Data: m.Data}
	}
	replies, err := c.exchange(ctx, requests)
	if err != nil {
		return fmt.Errorf("client: publish: %w", err)
	}
	return refusals(replies)
}

// Disconnect ends the session and makes Run return nil. The client cannot be
// used afterwards.
func (c *Client) Disconnect(ctx context.Context) error {
	c.mu.Lock()
	session, again := c.session, c.closing
	c.closing, c.session = true, ""
	c.mu.Unlock()
	if again {
		return nil
	}
	defer c.finish()
	if session == "" {
		return nil
	}
	_, err := c.one(ctx, request{Channel: "/meta/disconnect", ClientID: session})
	if err == nil || isLost(err) {
		return nil
	}
	return fmt.Errorf("client: disconnect: %w", err)
}

// finish ends a Run in progress and lets go of connections.
func (c *Client) finish() {
	c.mu.Lock()
	stop := c.stop
	c.ended = true
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
	c.Close()
}

// Close lets go of connections without telling the server. Use it when
// Disconnect is not called.
func (c *Client) Close() {
	if l := c.current(); l != nil {
		l.close()
	}
	c.polling.Close()
	if t, ok := c.options.Transport.(interface{ Close() }); ok {
		t.Close()
	}
}

// recovers reports whether a Run is in progress that will shake hands anew.
func (c *Client) recovers() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running && !c.closing
}

// nextID numbers the messages of this client.
func (c *Client) nextID() string {
	c.lastID++
	return strconv.FormatUint(c.lastID, 10)
}
