package token

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"halley/bayeux"
)

// host has a JWK set, or whatever a test has it answer.
type host struct {
	*httptest.Server
	answer  atomic.Pointer[http.HandlerFunc]
	fetches atomic.Int64
}

func newHost(t *testing.T) *host {
	h := new(host)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.fetches.Add(1)
		(*h.answer.Load())(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *host) serves(answer http.HandlerFunc) { h.answer.Store(&answer) }

// has serves the public keys of algorithms by their names.
func (h *host) has(t *testing.T, keys map[string]string) {
	text := set(t, keys)
	h.serves(func(w http.ResponseWriter, _ *http.Request) { w.Write(text) })
}

// from is an Authority with the keys of a host; err is that of its start.
func from(t *testing.T, h *host) (a *Authority, err error) {
	t.Helper()
	s := usual()
	s.JWKS, s.Timeout = h.URL, time.Minute
	if a, err = New(s, false, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	return a, a.Start(ctx)
}

// ago lets the last fetch be long ago.
func (a *Authority) ago() {
	a.remote.mu.Lock()
	defer a.remote.mu.Unlock()
	a.remote.last = time.Now().Add(-time.Hour)
}

// A token whose key is new has the set fetched, once for all who come with one, and seldom.
func TestRotation(t *testing.T) {
	h := newHost(t)
	h.has(t, map[string]string{"old": "ES256"})
	a, err := from(t, h)
	if err != nil {
		t.Fatal(err)
	}
	old, fresh := signed(t, "ES256", "old", claims(nil)), signed(t, "EdDSA", "new", claims(nil))
	if v := answer(t, a, greeting(old)); v.Ruling != bayeux.Allow {
		t.Fatalf("%+v", v)
	}
	h.has(t, map[string]string{"new": "EdDSA"})
	if v := answer(t, a, greeting(fresh)); v.Reason != "token_key" || h.fetches.Load() != 1 {
		t.Errorf("right after a fetch: %+v, %d fetches", v, h.fetches.Load())
	}
	a.ago()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if v := answer(t, a, greeting(fresh)); v.Ruling != bayeux.Allow {
				t.Errorf("%+v", v)
			}
		})
	}
	all.Wait()
	if n := h.fetches.Load(); n != 2 {
		t.Errorf("%d fetches", n)
	}
	if v := answer(t, a, greeting(old)); v.Reason != "token_key" {
		t.Errorf("a token of a key that is gone, though it was good before: %+v", v)
	}
	for i := range 100 {
		answer(t, a, greeting(signed(t, "EdDSA", fmt.Sprint(i), claims(nil))))
	}
	if n := h.fetches.Load(); n != 2 {
		t.Errorf("%d fetches for tokens of keys that there are not", n)
	}
	if f := a.Figures(); f.Fetches != 2 || f.Failures != 0 || f.Refused[unknownKey] != 102 || f.Age > time.Minute {
		t.Errorf("%+v", f)
	}
}

// Whatever the host does, tokens of keys that are known go on, and others are refused in bounded time.
func TestHostThatFails(t *testing.T) {
	for name, answers := range map[string]http.HandlerFunc{
		"error":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"hangs":   func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"garbage": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
		"no keys": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"keys":[]}`)) },
		"10 MB": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"keys":[` + strings.Repeat(" ", 10<<20)))
		},
		"drips": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.Write([]byte(" "))
				w.(http.Flusher).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		},
		"redirects": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) },
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.has(t, map[string]string{"k1": "ES256"})
			a, err := from(t, h)
			if err != nil {
				t.Fatal(err)
			}
			known, unknown := signed(t, "ES256", "k1", claims(nil)), signed(t, "ES256", "k2", claims(nil))
			h.serves(answers)
			if name == "hangs" || name == "drips" {
				a.remote.client.Timeout = 300 * time.Millisecond
			}
			a.ago()
			if v := answer(t, a, greeting(unknown)); v.Reason != "token_unavailable" || v.Advice.Interval == 0 {
				t.Errorf("an unknown key: %+v", v)
			}
			if v := answer(t, a, greeting(known)); v.Ruling != bayeux.Allow {
				t.Errorf("a known key: %+v", v)
			}
			if _, err := a.Reload(); err == nil || !strings.Contains(err.Error(), "--token-jwks") {
				t.Errorf("reload: %v", err)
			}
			if f := a.Figures(); f.Failures == 0 {
				t.Errorf("%+v", f)
			}
			a.remote.client.Timeout = time.Minute
			h.has(t, map[string]string{"k2": "ES256"})
			a.ago()
			if v := answer(t, a, greeting(unknown)); v.Ruling != bayeux.Allow {
				t.Errorf("when the host is well again: %+v", v)
			}
		})
	}
}

// A host that is down keeps nobody from starting; one that has something else than keys does.
func TestStartWithAHostThatFails(t *testing.T) {
	h := newHost(t)
	h.serves(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	a, err := from(t, h)
	if err != nil {
		t.Fatal(err)
	}
	token := signed(t, "RS256", "k1", claims(nil))
	if v := answer(t, a, greeting(token)); v.Reason != "token_unavailable" {
		t.Errorf("without keys: %+v", v)
	}
	h.has(t, map[string]string{"k1": "RS256"})
	a.ago()
	if v := answer(t, a, greeting(token)); v.Ruling != bayeux.Allow {
		t.Errorf("when the host is there: %+v", v)
	}
	h.serves(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) })
	if _, err := from(t, h); err == nil || !strings.Contains(err.Error(), "--token-jwks") {
		t.Errorf("garbage: %v", err)
	}
}

// The set is fetched again when it is old.
func TestSetGetsOld(t *testing.T) {
	h := newHost(t)
	h.has(t, map[string]string{"k1": "ES256"})
	s := usual()
	s.JWKS = h.URL
	a, err := New(s, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	a.remote.every = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := a.Start(ctx); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); h.fetches.Load() < 5; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no fetches")
		}
	}
	if a.keys.Load() == nil || len(a.keys.Load().keys) != 1 {
		t.Error("no keys")
	}
}

// Keys come over TLS, or from this host.
func TestAddressesOfSets(t *testing.T) {
	for url, good := range map[string]bool{
		"https://id.example/keys": true, "http://localhost:1/keys": true, "http://127.0.0.1/": true, "http://[::1]:8/": true,
		"http://id.example/keys": false, "file:///etc/passwd": false, "https://": false, "id.example/keys": false, "https://a:b@id.example/": false,
		"http://127.0.0.1.example/": false, "ftp://localhost/": false, ":": false,
	} {
		s := usual()
		s.JWKS = url
		if _, err := New(s, false, slog.New(slog.DiscardHandler)); (err == nil) != good || err != nil && !strings.HasPrefix(err.Error(), "--token-jwks: ") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// Where too many tokens wait, more are refused and told to come later.
func TestFullPool(t *testing.T) {
	a := opened(t, publicPEM(t, "ES256"), nil)
	busy := make(chan struct{})
	a.pool = pool{most: 1, room: 1}
	a.pool.do(func() { <-busy })
	a.pool.do(func() {})
	q := greeting(signed(t, "ES256", "", claims(nil)))
	if v := answer(t, a, q); v.Reason != "token_unavailable" {
		t.Errorf("%+v", v)
	}
	close(busy)
	for end := time.Now().Add(time.Minute); answer(t, a, q).Ruling != bayeux.Allow; {
		if time.Now().After(end) {
			t.Fatal("the pool stays full")
		}
	}
}

// What is remembered of tokens is bounded.
func TestCacheIsBounded(t *testing.T) {
	var c cache
	by, long := new(keySet), identity{rights: rights(strings.Repeat("x", maxRights)), expires: 1 << 62}
	for i := range 4 * cacheBytes / maxRights {
		c.add(fmt.Sprint(i), long, by)
		if _, known := c.get("0", by, 1); i < cacheBytes/maxRights && !known {
			t.Fatalf("forgotten after %d", i)
		}
	}
	if n := (len(c.young) + len(c.old)) * maxRights; n > 2*cacheBytes+2*maxRights {
		t.Errorf("%d bytes are kept", n)
	}
	if _, known := c.get("1", by, 1); known {
		t.Error("one that nobody has asked for is still there")
	}
	if _, known := c.get("0", new(keySet), 1); known {
		t.Error("other keys have not proved it")
	}
}
