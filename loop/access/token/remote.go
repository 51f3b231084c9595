package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

// remote is a JWK set at an address. It is fetched now and then, and for a token whose key is not known; while that
// fails, the last good one counts.
type remote struct {
	url     string
	every   time.Duration
	client  *http.Client
	log     *slog.Logger
	take    func(*keySet) // is given each set that was fetched
	figures *figures

	mu      sync.Mutex
	running bool
	waiting []func()
	last    time.Time // when the last fetch began
	failed  bool      // it has failed
}

const (
	between      = 30 * time.Second // fetches for tokens whose key is not known
	maxRedirects = 3
)

func newRemote(s *Settings, log *slog.Logger, f *figures, take func(*keySet)) (*remote, error) {
	u, err := url.Parse(s.JWKS)
	if err != nil {
		return nil, err
	}
	if err := secure(u); err != nil {
		return nil, err
	}
	client := &http.Client{
		Timeout: s.Timeout,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			return secure(r.URL)
		},
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: 64 << 10, TLSHandshakeTimeout: s.Timeout},
	}
	return &remote{url: s.JWKS, every: s.Refresh, client: client, log: log, figures: f, take: take}, nil
}

// secure refuses addresses by which others could slip in keys of theirs.
func secure(u *url.URL) error {
	ip, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	switch {
	case u.Host == "" || u.User != nil:
		return fmt.Errorf("%q: want https://HOST/PATH", u.Redacted())
	case u.Scheme == "https" || u.Scheme == "http" && local:
		return nil
	}
	return fmt.Errorf("%q: want https, since whoever can change the keys can make tokens; http is for loopback alone", u.Redacted())
}

// run fetches the set every now and then until ctx is done, sooner after a failure.
func (r *remote) run(ctx context.Context) {
	for pause := r.every; ; {
		select {
		case <-ctx.Done():
			r.client.CloseIdleConnections()
			return
		case <-time.After(pause):
		}
		pause = r.every
		if !r.began(time.Now(), 0, nil) {
			continue // one is under way
		}
		if r.fetch(ctx) != nil {
			pause = min(pause, between)
		}
	}
}

// refresh fetches the set, unless that was done shortly before, and then calls done. It waits for nothing; those
// who come while one fetch is under way share it.
func (r *remote) refresh(done func()) {
	if r.began(time.Now(), between, done) {
		go r.fetch(context.Background())
	}
}

// began notes that a fetch begins, or else calls done when that makes sense.
func (r *remote) began(now time.Time, pause time.Duration, done func()) (yes bool) {
	r.mu.Lock()
	if r.running {
		if done != nil {
			r.waiting = append(r.waiting, done)
		}
		r.mu.Unlock()
		return false
	}
	if !r.last.IsZero() && now.Sub(r.last) < pause {
		r.mu.Unlock()
		done()
		return false
	}
	r.running, r.last = true, now
	if done != nil {
		r.waiting = append(r.waiting, done)
	}
	r.mu.Unlock()
	return true
}

// fetch fetches the set and lets those go on that wait for it.
func (r *remote) fetch(ctx context.Context) error {
	set, err := r.get(ctx)
	r.figures.fetches.Add(1)
	if err == nil {
		r.take(set)
	} else {
		r.figures.failures.Add(1)
	}
	r.mu.Lock()
	was := r.failed
	r.failed = err != nil
	waiting := r.waiting
	r.running, r.waiting = false, nil
	r.mu.Unlock()
	if err != nil && !was {
		r.log.Error("the JWK set cannot be fetched; the keys of before still count, and others are refused until it can", "url", r.url, "error", err)
	} else if err == nil && was {
		r.log.Info("the JWK set is fetched again", "url", r.url)
	}
	for _, done := range waiting {
		done()
	}
	return err
}

// failing tells that the last fetch has failed.
func (r *remote) failing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// get fetches the set.
func (r *remote) get(ctx context.Context) (*keySet, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := r.client.Do(request)
	if err != nil {
		return nil, unreachable{err}
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, unreachable{fmt.Errorf("HTTP status %d", response.StatusCode)}
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxSet+1))
	if err != nil {
		return nil, unreachable{err}
	}
	if len(text) > maxSet {
		return nil, fmt.Errorf("more than %d bytes", maxSet)
	}
	return parseSet(text)
}

// unreachable is the error of a host that does not answer, or not now.
type unreachable struct{ error }

// Unwrap is what happened.
func (e unreachable) Unwrap() error { return e.error }
