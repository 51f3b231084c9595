package access

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"halley/bayeux"
	"halley/loop/settings"
)

const secret = "a secret that is long enough for it"

// usual are the settings that nobody has changed.
func usual() (s Settings) {
	settings.Default(&s)
	return s
}

// withTokens are settings with a secret for tokens.
func withTokens(t *testing.T) Settings {
	t.Helper()
	s := usual()
	s.Token.Keys = filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(s.Token.Keys, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// tokenOf is a subject's token for an hour.
func tokenOf(t *testing.T, subject string) string {
	t.Helper()
	c := jwt.MapClaims{"sub": subject, "exp": time.Now().Add(time.Hour).Unix(), "halley": map[string]any{"subscribe": "/a"}}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func opened(t *testing.T, s Settings, others ...bayeux.Authority) *Access {
	t.Helper()
	a, err := New(s, slog.New(slog.DiscardHandler), others...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Who decides is as the settings say; where nobody does there is no authority.
func TestNew(t *testing.T) {
	if a := opened(t, usual()); a.Authority() != nil || a.Tokens() != nil || a.Start(t.Context()) != nil || a.Subject("") != "" {
		t.Error("an authority without settings for one")
	}
	for bind, want := range map[string][]string{"none": {"Authorization"}, "address": {"Authorization"}, "cookie": {"Cookie", "Authorization"}, "token": {"Authorization"}} {
		s := withTokens(t)
		s.Bind = bind
		a := opened(t, s)
		if got := a.Authority().Fields(); !slices.Equal(got, want) || bayeux.Watches(a.Authority()) != (bind != "none") {
			t.Errorf("bound to %s: %v", bind, got)
		}
	}
	s := usual()
	s.Bind = "token"
	if _, err := New(s, nil); err == nil || !strings.HasPrefix(err.Error(), "--bind-session token") {
		t.Errorf("bound to no token: %v", err)
	}
	s.Bind, s.Token.Keys = "none", "/does/not/exist"
	if _, err := New(s, nil); err == nil || !strings.HasPrefix(err.Error(), "--token-keys") {
		t.Errorf("no keys: %v", err)
	}
	s.Token.Keys, s.Bind = "", "address"
	guarded := bayeux.Question{Operation: bayeux.OpSubscribe, Guarded: [][]byte{[]byte("/a")}}
	if v := opened(t, s).Authority().Decide(guarded); v.Reason != "token_unavailable" {
		t.Errorf("a channel that takes a token, without tokens: %+v", v)
	}
}

// stub is an authority that says what it is told to, now or later, and notes what it is asked.
type stub struct {
	says  bayeux.Verdict
	later bool
	asked []bayeux.Question
}

func (*stub) Fields() []string { return []string{"authorization", "X-Stub"} }

func (s *stub) Decide(q bayeux.Question) bayeux.Verdict {
	if s.later {
		return bayeux.Verdict{Ruling: bayeux.Wait}
	}
	s.asked = append(s.asked, q)
	return s.says
}

func (s *stub) Ask(q bayeux.Question, answer func(bayeux.Verdict)) {
	s.asked = append(s.asked, q)
	answer(s.says)
}

// All have to allow, and each has claims of its own; those behind the token are told of its subject. A session ends when
// the first of them says so, and no later than the token.
func TestChain(t *testing.T) {
	for _, later := range []bool{false, true} {
		one, two := &stub{later: later}, &stub{later: later}
		a := opened(t, withTokens(t), one, two)
		ask := func(q bayeux.Question) (v bayeux.Verdict) {
			if v = a.Authority().Decide(q); v.Ruling == bayeux.Wait {
				a.Authority().Ask(q, func(given bayeux.Verdict) { v = given })
			}
			return v
		}
		if got := a.Authority().Fields(); !slices.Equal(got, []string{"Authorization", "X-Stub"}) {
			t.Error(got)
		}
		greeting := bayeux.Question{Ext: fmt.Appendf(nil, `{"auth":{"token":%q}}`, tokenOf(t, "ann")), Caller: &bayeux.Caller{Address: "192.0.2.1:1"}}
		one.says = bayeux.Verdict{Claims: "one", Expiry: time.Now().Add(time.Minute).UnixMilli()}
		v := ask(greeting)
		if v.Ruling != bayeux.Allow || v.Expiry != one.says.Expiry || a.Subject(v.Claims) != "ann" {
			t.Errorf("%+v", v)
		}
		if q := two.asked[0]; q.Claims != "" || q.Caller.Identity != "ann" || q.Caller.Address != "192.0.2.1:1" || greeting.Caller.Identity != "" {
			t.Errorf("the last one is asked %+v of %+v", q, q.Caller)
		}
		one.says, two.says = bayeux.Verdict{}, bayeux.Verdict{Claims: "two", Expiry: time.Now().Add(24 * time.Hour).UnixMilli()}
		next := ask(bayeux.Question{Operation: bayeux.OpPublish, Claims: v.Claims})
		if q := one.asked[1]; q.Claims != "one" || q.Caller.Identity != "ann" {
			t.Errorf("the first one is asked %+v", q)
		}
		if left := time.Until(time.UnixMilli(next.Expiry)); a.Subject(next.Claims) != "ann" || !strings.HasSuffix(next.Claims, "one\x00two") || left > time.Hour+time.Minute {
			t.Errorf("%+v, %v", next, left)
		}
		two.says = bayeux.Verdict{}
		if v := ask(bayeux.Question{Operation: bayeux.OpPublish, Claims: next.Claims}); v != (bayeux.Verdict{}) {
			t.Errorf("nothing new: %+v", v)
		}
		one.says = bayeux.Verdict{Ruling: bayeux.Deny, Reason: "no"}
		before := len(two.asked)
		if v := ask(greeting); v.Reason != "no" || len(two.asked) != before {
			t.Errorf("denied: %+v, and %d were asked after it", v, len(two.asked)-before)
		}
		asked := len(one.asked)
		if v := ask(bayeux.Question{Ext: []byte(`{"auth":{"token":"x"}}`)}); v.Reason != "token_malformed" || len(one.asked) != asked {
			t.Errorf("a bad token: %+v", v)
		}
	}
}
