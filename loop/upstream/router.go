// Proved by TestBadSettings, TestForward and TestChain.

package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"halley/bayeux/client"
	"halley/bayeux/event"
	"halley/loop/hops"
)

// Server is what a Router needs of the server.
type Server interface {
	// Publish publishes a batch, all of it or nothing. It fails with a *Refusal for one that can never be published, with
	// ErrTooLarge for more than can be published at once, and with any other error if it is to be tried again.
	Publish(batch []Publication) error
	// WatchChannels has watch called whenever a pattern gets its first subscriber or loses its last one.
	WatchChannels(watch func(pattern string, on bool))
	// TellMissed has subscribers of what is of a pattern be told that messages of it may be missing.
	TellMissed(ctx context.Context, pattern string)
	// Trouble makes the server unready for a reason, or ready again.
	Trouble(part, why string)
}

// Publication is a message that came from an upstream.
type Publication struct {
	Channel, Data []byte
	Binary        bool
	Trail         event.Trail
}

// Refusal is one publication that can never be published.
type Refusal struct {
	Index  int
	Reason string
}

// Error gives the reason.
func (e *Refusal) Error() string { return e.Reason }

// ErrTooLarge means that a batch can never be published as a whole.
var ErrTooLarge = errors.New("too large")

// Router passes messages on, to and from all upstreams.
type Router struct {
	node      *hops.Node
	upstreams []*upstream
}

// New returns the router of some settings, nil if they name no upstream. Errors name the flag.
func New(s Settings, node *hops.Node, log *slog.Logger) (*Router, error) {
	plans, err := s.plans()
	if err != nil || len(plans) == 0 {
		return nil, err
	}
	options, err := s.options()
	if err != nil {
		return nil, err
	}
	r := &Router{node: node}
	for _, p := range plans {
		u := newUpstream(p, &s, node, log)
		if err := u.connect(options); err != nil {
			return nil, fmt.Errorf("--upstream: %w", err)
		}
		r.upstreams = append(r.upstreams, u)
	}
	return r, nil
}

// options are what the clients of all upstreams have in common.
func (s *Settings) options() (o client.Options, err error) {
	if o.Header, err = s.headers(); err != nil {
		return o, err
	}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return o, fmt.Errorf("--upstream-ca: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return o, fmt.Errorf("--upstream-ca %s: no certificates", s.CA)
		}
		o.TLS = &tls.Config{RootCAs: pool}
	}
	if s.TokenFile != "" {
		if _, err := readToken(s.TokenFile); err != nil {
			return o, err
		}
		o.Token = func(context.Context) (string, error) { return readToken(s.TokenFile) }
	}
	return o, nil
}

func readToken(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("--upstream-token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("--upstream-token-file %s: it is empty", file)
	}
	return token, nil
}

// Offer takes an event that is published here.
func (r *Router) Offer(e event.Event) {
	name, now, number := []byte(e.Channel()), time.Now(), r.node.Next()
	for _, u := range r.upstreams {
		u.offer(name, e, number, now)
	}
}

// Begin has the server know of the upstreams that it needs, and the router what the server's clients want. It is to be called before
// the server runs.
func (r *Router) Begin(server Server) {
	for _, u := range r.upstreams {
		u.server = server
		if u.needed {
			server.Trouble("upstream "+u.address, "not connected yet")
		}
	}
	server.WatchChannels(func(pattern string, on bool) {
		for _, u := range r.upstreams {
			u.wants.note(pattern, on)
		}
	})
}

// Run passes messages on until ctx is done.
func (r *Router) Run(ctx context.Context) {
	var group sync.WaitGroup
	for _, u := range r.upstreams {
		group.Go(func() { u.run(ctx) })
	}
	group.Wait()
}

// Figures are those of all upstreams.
func (r *Router) Figures() (f Figures) {
	if r != nil {
		for _, u := range r.upstreams {
			f.Upstreams = append(f.Upstreams, u.figures())
		}
	}
	return f
}

// Leave has nothing more published here that comes from upstreams: a successor of this server gets it.
func (r *Router) Leave() {
	for _, u := range r.upstreams {
		u.left.Store(true)
	}
}
