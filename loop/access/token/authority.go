// Proved by TestEachAlgorithm, TestRotation and TestReload.

package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"halley/bayeux"
)

// Authority decides by tokens, see bayeux.Authority. It may be used by several goroutines.
type Authority struct {
	settings Settings
	bound    bool // a session is of use with its subject's token alone
	log      *slog.Logger
	verifier *verifier
	keys     atomic.Pointer[keySet] // nil before there are any
	remote   *remote                // nil if the keys are in a file
	cache    cache
	pool     pool
	figures  figures
}

// New checks the settings and reads the keys' file. Bound sessions are of no use without a token of
// their subject. An error names the flag.
func New(s Settings, bound bool, log *slog.Logger) (*Authority, error) {
	if s.Keys != "" && s.JWKS != "" {
		return nil, errors.New("--token-keys: there is --token-jwks too; want one of them")
	}
	for _, name := range s.Algorithm {
		if m := jwt.GetSigningMethod(name); m == nil || name == "none" {
			return nil, fmt.Errorf("--token-algorithm %q: want one of HS256, RS256, PS256, ES256 (…384, …512) or EdDSA", name)
		}
	}
	a := &Authority{settings: s, bound: bound, log: log, verifier: newVerifier(&s, time.Now),
		pool: pool{most: runtime.GOMAXPROCS(0), room: maxWaiting}}
	if s.JWKS != "" {
		var err error
		if a.remote, err = newRemote(&s, log, &a.figures, a.take); err != nil {
			return nil, fmt.Errorf("--token-jwks: %w", err)
		}
		return a, nil
	}
	set, err := a.read()
	if err != nil {
		return nil, fmt.Errorf("--token-keys: %w", err)
	}
	a.take(set)
	return a, nil
}

// take makes a set the one that counts. What was proved by other keys is not any more.
func (a *Authority) take(set *keySet) {
	a.figures.read.Store(time.Now().UnixMilli())
	if old := a.keys.Load(); old == nil || old.sum != set.sum {
		a.keys.Store(set)
	}
}

// read reads the keys' file.
func (a *Authority) read() (*keySet, error) {
	text, err := readFile(a.settings.Keys)
	if err != nil {
		return nil, err
	}
	set, err := parseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.settings.Keys, err)
	}
	allowed := func(name string) bool { return slices.Contains(a.settings.Algorithm, name) }
	if a.settings.Algorithm != nil && !slices.ContainsFunc(set.algorithms(), allowed) {
		return nil, fmt.Errorf("%s: no key in it is for a --token-algorithm", a.settings.Keys)
	}
	return set, nil
}

func readFile(name string) ([]byte, error) {
	if info, err := os.Stat(name); err != nil {
		return nil, err
	} else if info.Size() > maxSet {
		return nil, fmt.Errorf("%s: more than %d bytes", name, maxSet)
	}
	return os.ReadFile(name)
}

// Name is what a log calls the keys.
func (a *Authority) Name() string { return "token keys" }

// Files are what the keys are read from.
func (a *Authority) Files() []string {
	if a.settings.Keys == "" {
		return nil
	}
	return []string{a.settings.Keys}
}

// Exposed says what is wrong with the permissions of the keys' file; empty: nothing. There may be no authority.
func (a *Authority) Exposed() string {
	if a == nil || a.settings.Keys == "" || !slices.ContainsFunc(a.keys.Load().keys, key.isSecret) {
		return ""
	}
	if info, err := os.Stat(a.settings.Keys); err != nil || info.Mode()&0o077 == 0 {
		return ""
	}
	return fmt.Sprintf("others may read --token-keys %s, which has a secret: whoever knows it can make tokens. Take their permission (chmod 600)", a.settings.Keys)
}

// Reload reads the keys' file again, or fetches the set at its address. After an error the keys are as before.
func (a *Authority) Reload() (changed []string, err error) {
	before := a.keys.Load()
	if a.remote != nil {
		if set, err := a.remote.get(context.Background()); err != nil {
			return nil, fmt.Errorf("--token-jwks: %w", err)
		} else {
			a.take(set)
		}
	} else if set, err := a.read(); err != nil {
		return nil, fmt.Errorf("--token-keys: %w", err)
	} else {
		a.take(set)
	}
	if now := a.keys.Load(); now != before {
		changed = append(changed, fmt.Sprintf("keys in force: %d", len(now.keys)))
	}
	return changed, nil
}

// Start fetches the key set, if it is at an address, and goes on doing so until ctx is done. A host that does not
// answer is no reason not to start: tokens are refused until it does. A set that is none is.
func (a *Authority) Start(ctx context.Context) error {
	if a.remote == nil {
		return nil
	}
	a.remote.began(time.Now(), 0, nil)
	if err := a.remote.fetch(ctx); err != nil && !errors.As(err, new(unreachable)) {
		return fmt.Errorf("--token-jwks %s: %w", a.settings.JWKS, err)
	}
	go a.remote.run(ctx)
	return nil
}

// Figures are what has been counted.
func (a *Authority) Figures() Figures { return a.figures.now(time.Now()) }

// Identity is whose token a session has shown, by its claims.
func (*Authority) Identity(claims string) string { return Subject(claims) }

// Until is when a session ends by its claims, in milliseconds since 1970, 0 if it does not by them.
func (*Authority) Until(claims string) int64 { return rights(claims).number('e') }

// Fields are the header fields that may bring a token.
func (a *Authority) Fields() []string {
	fields := []string{"Authorization"}
	if a.settings.Cookie != "" {
		fields = append(fields, "Cookie")
	}
	return fields
}

// Watches tells whether each use of a session is to be asked about.
func (a *Authority) Watches() bool { return a.bound }

// Decide answers a question, or leaves a token that takes longer to Ask.
func (a *Authority) Decide(q bayeux.Question) bayeux.Verdict {
	s := show(&q, a.settings.Cookie)
	if s.text == "" {
		return a.judge(&q, s, identity{}, fine)
	}
	id, why, waits := a.look(s.text)
	if waits {
		return bayeux.Verdict{Ruling: bayeux.Wait}
	}
	return a.judge(&q, s, id, why)
}

// look looks at a token as far as that is quick.
func (a *Authority) look(text string) (id identity, why Refusal, waits bool) {
	set := a.keys.Load()
	if id, known := a.cache.get(text, set, a.verifier.now().UnixMilli()); known {
		return id, fine, false
	}
	u, why := a.verifier.read(text)
	if why != fine {
		return id, why, false
	}
	if set == nil || !strings.HasPrefix(u.algorithm(), "HS") {
		return id, fine, true
	}
	if id, why = a.prove(u, text, set); why == unknownKey && a.remote != nil {
		return id, why, true
	}
	return id, why, false
}

// prove verifies a signature, and remembers what it proves.
func (a *Authority) prove(u unproved, text string, set *keySet) (identity, Refusal) {
	id, why := a.verifier.prove(u, set)
	if why == fine {
		a.figures.verified.Add(1)
		a.cache.add(text, id, set)
	}
	return id, why
}

// Ask answers a question whose token takes longer: a public key's signature, or a key that is not known yet.
func (a *Authority) Ask(q bayeux.Question, answer func(bayeux.Verdict)) {
	s := show(&q, a.settings.Cookie)
	done := func(id identity, why Refusal) { answer(a.judge(&q, s, id, why)) }
	a.later(s.text, a.remote != nil, done)
}

// later verifies a token beside the event loops. If fetching the keys might help that is tried once.
func (a *Authority) later(text string, fetches bool, done func(identity, Refusal)) {
	work := func() {
		id, why := a.work(text)
		if fetches && (why == unknownKey || why == unavailable || why == wrongSignature) {
			a.remote.refresh(func() { a.later(text, false, done) })
			return
		}
		if why == unknownKey && a.remote != nil && a.remote.failing() {
			why = unavailable
		}
		done(id, why)
	}
	if !a.pool.do(work) {
		done(identity{}, unavailable)
	}
}

// work verifies a token now.
func (a *Authority) work(text string) (id identity, why Refusal) {
	defer func() {
		if r := recover(); r != nil {
			a.log.Error("verifying a token has failed", "panic", r, "stack", string(debug.Stack()))
			id, why = identity{}, unavailable
		}
	}()
	set := a.keys.Load()
	if set == nil {
		return id, unavailable
	}
	u, why := a.verifier.read(text)
	if why != fine {
		return id, why
	}
	return a.prove(u, text, set)
}
