//go:build e2e

package e2e

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"halley/bayeux/client"
	"halley/loop/access/token"
)

const (
	tokenClients = 120
	tokenLasts   = 20 * time.Second // and up to one less, since tokens tell whole seconds; renewed two seconds before that, or more
)

// Tokens of seconds are renewed by all clients under a feed, while the keys at the server's JWKS address rotate and while
// its host does not answer: each message comes to each client once and in order, and all sessions go on. Whose key has left
// the set is refused, and so is at once whose key cannot be looked up.
func TestTokensUnderLoad(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	host := newKeyHost(t)
	host.serve("first")
	s := &mortal{listen: freeAddress(t), internal: freeAddress(t), flags: []string{"--token-jwks=" + host.url, "--token-jwks-refresh=10s",
		"--token-jwks-timeout=1s", "--token-leeway=0s", "--token-required", "--loops=2"}}
	s.start(t, ctx)
	defer func() { s.kill() }()
	endpoint := "http://" + s.listen + "/bayeux"

	signer := newSigner(host, "first")
	everybody := gather(t, ctx, endpoint, "/feed", tokenClients, func(i int) client.Options {
		return client.Options{Token: func(context.Context) (string, error) { return signer.sign(t, i), nil }}
	})
	stop := feedNumbers(t, ctx, s, "/feed")
	defer stop()
	const taken = "halley_tokens_refreshed_total"
	renewed := func() { // each client has a fresh token, and the server has taken it
		t.Helper()
		before := s.figure(t, ctx, taken)
		signer.again()
		eventually(t, ctx, "tokens of all clients", func() bool {
			return signer.least() >= 1 && s.figure(t, ctx, taken) >= before+tokenClients
		})
	}

	fetched := s.figure(t, ctx, "halley_jwks_fetches_total")
	host.serve("first", "second")
	eventually(t, ctx, "the set of two keys", func() bool { return s.figure(t, ctx, "halley_jwks_fetches_total") > fetched })
	signer.use("second")
	renewed()
	host.serve("second")
	asked := host.count()
	s.signal(t, syscall.SIGHUP)
	eventually(t, ctx, "the set without the first key", func() bool { return host.count() > asked })
	eventually(t, ctx, "the refusal of the first key", func() bool {
		return strings.Contains(refused(t, ctx, endpoint, newSigner(host, "first").sign(t, 0)), "token_key")
	})

	host.fail()
	s.signal(t, syscall.SIGHUP)
	eventually(t, ctx, "a fetch that fails", func() bool { return s.figure(t, ctx, "halley_jwks_failures_total") > 0 })
	if said := refused(t, ctx, endpoint, newSigner(host, "third").sign(t, 0)); !strings.Contains(said, "token_") {
		t.Errorf("a key that cannot be looked up: %s", said)
	}
	renewed()
	host.serve("second", "third")
	asked = host.count()
	s.signal(t, syscall.SIGHUP)
	eventually(t, ctx, "the third key", func() bool {
		return host.count() > asked && refused(t, ctx, endpoint, newSigner(host, "third").sign(t, 0)) == ""
	})
	signer.use("third")
	renewed()

	everybody.judge(t, ctx, stop())
	if lapsed := s.figure(t, ctx, "halley_sessions_lapsed_total"); lapsed != 0 {
		t.Errorf("%v sessions have lapsed", lapsed)
	}
}

// refused is what the server says to the handshake of a token, empty if it takes it.
func refused(t *testing.T, ctx context.Context, endpoint, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // it does not wait for a host of keys
	defer cancel()
	c, err := client.New(endpoint, client.Options{Token: func(context.Context) (string, error) { return text, nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Handshake(ctx); err != nil {
		return err.Error()
	}
	if err := c.Disconnect(ctx); err != nil {
		t.Error(err)
	}
	return ""
}

// signer makes the tokens of all clients, of one key at a time.
type signer struct {
	host *keyHost
	mu   sync.Mutex
	name string            // of the key
	made [tokenClients]int // since the last again
}

func newSigner(host *keyHost, name string) *signer { return &signer{host: host, name: name} }

// sign makes a token for a client.
func (s *signer) sign(t *testing.T, who int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[who]++
	text, err := token.Sign(s.host.key(s.name), token.Statement{Subject: "ann", Subscribe: []string{"/feed"}, KeyID: s.name, Claim: "halley",
		From: time.Now(), Lasts: tokenLasts})
	if err != nil {
		t.Error(err)
	}
	return text
}

// use has further tokens signed with another key.
func (s *signer) use(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.name = name
}

// again begins to count the tokens of each client anew.
func (s *signer) again() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made = [tokenClients]int{}
}

// least is how many tokens the client has had that has had the fewest.
func (s *signer) least() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Min(s.made[:])
}

// keyHost serves a set of keys at a JWKS address.
type keyHost struct {
	url  string
	mu   sync.Mutex
	keys map[string]ed25519.PrivateKey
	set  []byte // nil while it is down
	asks int
}

func newKeyHost(t *testing.T) *keyHost {
	h := &keyHost{keys: make(map[string]ed25519.PrivateKey)}
	for _, name := range []string{"first", "second", "third"} {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		h.keys[name] = key
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// ServeHTTP answers with the set. While the host is down it leaves a request unanswered and cuts the next.
func (h *keyHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asks++
	set, cuts := h.set, h.asks%2 == 0
	h.mu.Unlock()
	switch {
	case set != nil:
		_, _ = w.Write(set)
	case cuts:
		panic(http.ErrAbortHandler)
	default:
		<-r.Context().Done()
	}
}

// serve has it serve the keys of these names.
func (h *keyHost) serve(names ...string) {
	var list []map[string]string
	for _, name := range names {
		public := h.keys[name].Public().(ed25519.PublicKey)
		list = append(list, map[string]string{"kid": name, "kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(public)})
	}
	set, err := json.Marshal(map[string]any{"keys": list})
	if err != nil {
		panic(err) // strings
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set = set
}

// fail has it answer nobody.
func (h *keyHost) fail() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set = nil
}

// count is how often it was asked.
func (h *keyHost) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asks
}

// key is a private key in PEM.
func (h *keyHost) key(name string) []byte {
	text, err := x509.MarshalPKCS8PrivateKey(h.keys[name])
	if err != nil {
		panic(err) // it is one
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text})
}
