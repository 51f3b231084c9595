// Package proxy is a load balancer without stickiness, for tests of clusters: each request of a client's connection goes to
// another node than the one before. So the requests of one session come to all nodes. Upgrades and streams pass.
package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync/atomic"
	"time"
)

// MaxBody bounds a request's body in bytes. It is kept until a node has taken the request.
const MaxBody = 16 << 20

// Balancer is an http.Handler that hands requests on to nodes.
type Balancer struct {
	nodes   []string // host:port
	carry   http.RoundTripper
	reverse httputil.ReverseProxy
	begun   atomic.Uint64 // connections, by which the first node of each is chosen
	taken   []atomic.Uint64
	failed  atomic.Uint64
	skipped atomic.Uint64
}

// New makes a balancer of nodes, each given as host:port. There must be one at least.
func New(nodes ...string) *Balancer {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	b := &Balancer{nodes: nodes, taken: make([]atomic.Uint64, len(nodes)), carry: &http.Transport{
		DialContext: dialer.DialContext, DisableCompression: true, MaxIdleConnsPerHost: 1 << 20, IdleConnTimeout: 10 * time.Second,
	}}
	b.reverse = httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.Host = "http", r.In.Host
			r.SetXForwarded()
		},
		Transport:    roundTripper(b.roundTrip),
		ErrorHandler: b.tell,
		ErrorLog:     log.New(io.Discard, "", 0), // connections that break are what it is there for
	}
	return b
}

// roundTripper is a function that is an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// turnOf is the key of a connection's turn in the context of its requests.
type turnOf struct{}

// Server serves the balancer. Each of its connections begins with another node.
func (b *Balancer) Server() *http.Server {
	return &http.Server{
		Handler: b, ReadHeaderTimeout: time.Minute, ErrorLog: b.reverse.ErrorLog,
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			turn := new(atomic.Uint64)
			turn.Store(b.begun.Add(1))
			return context.WithValue(ctx, turnOf{}, turn)
		},
	}
}

// ServeHTTP hands one request on.
func (b *Balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	b.reverse.ServeHTTP(w, r)
}

// next is the node that takes the request.
func (b *Balancer) next(r *http.Request) int {
	turn, ok := r.Context().Value(turnOf{}).(*atomic.Uint64)
	if !ok {
		turn = &b.begun
	}
	return int(turn.Add(1) % uint64(len(b.nodes)))
}

// roundTrip sends a request to the next node. A node that takes no connection is passed over, as every load balancer does.
// A request that a node may have had is not sent again.
func (b *Balancer) roundTrip(r *http.Request) (resp *http.Response, err error) {
	for range b.nodes {
		n := b.next(r)
		out := r.Clone(r.Context())
		out.URL.Host = b.nodes[n]
		if out.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
		if r.ContentLength == 0 {
			out.Body = http.NoBody
		}
		resp, err = b.carry.RoundTrip(out)
		if !refused(err) {
			b.taken[n].Add(1)
			return resp, err
		}
		b.skipped.Add(1)
	}
	return nil, err
}

// refused tells whether no connection came about.
func refused(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// tell answers a request that no node has answered.
func (b *Balancer) tell(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		b.failed.Add(1)
	}
	w.WriteHeader(http.StatusBadGateway)
}

// Counts are what a balancer has done.
type Counts struct {
	Taken   []uint64 // requests by node
	Failed  uint64   // requests that were answered with 502, since a node broke off
	Skipped uint64   // times that a node took no connection
}

// Counts returns them; each only grows.
func (b *Balancer) Counts() Counts {
	c := Counts{Failed: b.failed.Load(), Skipped: b.skipped.Load()}
	for n := range b.taken {
		c.Taken = append(c.Taken, b.taken[n].Load())
	}
	return c
}
