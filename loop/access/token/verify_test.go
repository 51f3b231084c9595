package token

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"halley/bayeux"
)

func algorithms() []string {
	return []string{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// Tokens of each algorithm are taken, with keys of each form.
func TestEachAlgorithm(t *testing.T) {
	for _, algorithm := range algorithms() {
		keys := map[string][]byte{"set": set(t, map[string]string{"k1": algorithm})}
		if strings.HasPrefix(algorithm, "HS") {
			keys["secret"] = []byte(secret + "\n")
		} else {
			keys["PEM"] = publicPEM(t, algorithm)
		}
		for form, text := range keys {
			a := opened(t, text, nil)
			for _, kid := range []string{"", "k1"} {
				if v := answer(t, a, greeting(signed(t, algorithm, kid, claims(nil)))); v.Ruling != bayeux.Allow || Subject(v.Claims) != "ann" {
					t.Errorf("%s by a key as %s: %+v", algorithm, form, v)
				}
			}
			forged := signed(t, algorithm, "", claims(nil))
			forged = forged[:strings.LastIndexByte(forged, '.')+1] + strings.Repeat("A", 86)
			if v := answer(t, a, greeting(forged)); v.Reason != "token_signature" {
				t.Errorf("%s by nobody: %+v", algorithm, v)
			}
		}
	}
}

// A key is for its own algorithms: a public key is no secret that others could sign with, and none needs no signature.
func TestAlgorithmConfusion(t *testing.T) {
	for _, mine := range []string{"RS256", "ES256", "EdDSA"} {
		for form, text := range map[string][]byte{"PEM": publicPEM(t, mine), "set": set(t, map[string]string{"k1": mine})} {
			a := opened(t, text, nil)
			for _, as := range [][]byte{text, publicPEM(t, mine)} {
				token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims(nil)).SignedString(as)
				if err != nil {
					t.Fatal(err)
				}
				if v := answer(t, a, greeting(token)); v.Reason != "token_algorithm" {
					t.Errorf("%s of a %s key as a secret: %+v", form, mine, v)
				}
			}
			for _, other := range algorithms() {
				if other == mine || mine == "RS256" && other[1] == 'S' && other[0] != 'H' && other[0] != 'E' {
					continue // is for the same key
				}
				if v := answer(t, a, greeting(signed(t, other, "k1", claims(nil)))); v.Reason != "token_algorithm" {
					t.Errorf("%s for a %s key: %+v", other, mine, v)
				}
			}
		}
	}
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims(nil)).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	for _, token := range []string{unsigned, b64([]byte(`{"alg":"NONE"}`)) + "." + strings.Split(unsigned, ".")[1] + ".", b64([]byte(`{"alg":"nonE"}`)) + "." +
		strings.Split(unsigned, ".")[1] + "."} {
		for _, keys := range [][]byte{[]byte(secret), publicPEM(t, "RS256")} {
			if v := answer(t, opened(t, keys, nil), greeting(token)); v.Reason != "token_algorithm" {
				t.Errorf("%s: %+v", token, v)
			}
		}
	}
	a := opened(t, set(t, map[string]string{"k1": "RS256", "k2": "HS256"}), func(s *Settings) { s.Algorithm = []string{"PS256"} })
	for algorithm, want := range map[string]string{"RS256": "token_algorithm", "HS256": "token_algorithm", "PS256": ""} {
		if v := answer(t, a, greeting(signed(t, algorithm, "", claims(nil)))); v.Reason != want {
			t.Errorf("%s where PS256 is allowed alone: %+v", algorithm, v)
		}
	}
}

// Each fault of a token has its word.
func TestRefusals(t *testing.T) {
	now := time.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	a := opened(t, []byte(secret), func(s *Settings) { s.Issuer, s.Audience = "https://id.example", []string{"halley", "other"} })
	rights := func(v any) map[string]any { return map[string]any{"halley": v} }
	for _, c := range []struct {
		change map[string]any
		word   string
	}{
		{nil, ""},
		{map[string]any{"aud": []string{"x", "other"}}, ""},
		{map[string]any{"exp": at(-5 * time.Second)}, ""}, // within the leeway
		{map[string]any{"nbf": at(5 * time.Second)}, ""},
		{map[string]any{"exp": at(-15 * time.Second)}, "expired"},
		{map[string]any{"exp": at(-15 * time.Second), "aud": "x"}, "audience"}, // which another will not cure
		{map[string]any{"nbf": at(15 * time.Second)}, "not_yet"},
		{map[string]any{"exp": nil}, "no_expiry"},
		{map[string]any{"exp": "soon"}, "claims"},
		{map[string]any{"iss": "https://other.example"}, "issuer"},
		{map[string]any{"iss": nil}, "noexpiry or issuer"},
		{map[string]any{"aud": "x"}, "audience"},
		{map[string]any{"sub": 7}, "claims"},
		{map[string]any{"sub": "a\nsx"}, "claims"},
		{map[string]any{"sub": "a\x00b"}, "claims"},
		{map[string]any{"sub": strings.Repeat("x", maxRights)}, "claims"},
		{rights("all"), "claims"},
		{rights(map[string]any{"subscribe": []any{1}}), "claims"},
		{rights(map[string]any{"subscribe": []string{"/a/*/b"}}), "claims"},
		{rights(map[string]any{"publish": []string{"/a\nsub"}}), "claims"},
		{rights(map[string]any{"publish": "/one"}), ""},
		{rights(nil), ""},
	} {
		all := claims(map[string]any{"iss": "https://id.example", "aud": "halley"})
		for k, v := range c.change {
			if all[k] = v; v == nil {
				delete(all, k)
			}
		}
		v := answer(t, a, greeting(signed(t, "HS256", "", all)))
		got := strings.TrimPrefix(v.Reason, "token_")
		if c.word == "noexpiry or issuer" {
			c.word = map[bool]string{true: got}[got == "no_expiry" || got == "issuer"]
		}
		if got != c.word {
			t.Errorf("%v: %q, want %q", c.change, got, c.word)
		}
	}
	good := signed(t, "HS256", "", claims(nil))
	head, _, _ := strings.Cut(good, ".")
	for text, word := range map[string]string{
		"": "missing", "x": "malformed", "a.b": "malformed", "..": "malformed", good + ".x": "malformed", strings.Repeat("x", maxText+1): "malformed",
		head + ".bm8.x": "malformed", "e30.e30.x": "algorithm", good[:len(good)-1] + "!": "malformed",
	} {
		if v := answer(t, a, greeting(text)); v.Reason != "token_"+word {
			t.Errorf("%.40q: %q, want %s", text, v.Reason, word)
		}
	}
	critical := jwt.NewWithClaims(jwt.SigningMethodHS256, claims(nil))
	critical.Header["crit"] = []string{"b64"}
	text, _ := critical.SignedString([]byte(secret))
	if v := answer(t, a, greeting(text)); v.Reason != "token_malformed" {
		t.Errorf("a token with an extension that is not known: %+v", v)
	}
}

// A token is good until it expires, but no longer than --token-max-age.
func TestExpiry(t *testing.T) {
	a := opened(t, []byte(secret), func(s *Settings) { s.MaxAge, s.Leeway = time.Hour, 10*time.Second })
	clock := time.Now()
	a.verifier = newVerifier(&a.settings, func() time.Time { return clock })
	for lasts, want := range map[time.Duration]time.Duration{time.Minute: 70 * time.Second, 24 * time.Hour: time.Hour, 1 << 62: time.Hour} {
		token := signed(t, "HS256", "", claims(map[string]any{"exp": clock.Add(lasts).Unix()}))
		v := answer(t, a, greeting(token))
		if got := time.UnixMilli(v.Expiry).Sub(clock); (got - want).Abs() > time.Second {
			t.Errorf("a token for %v is good for %v, want %v", lasts, got, want)
		}
	}
	token := signed(t, "HS256", "", claims(map[string]any{"exp": clock.Add(time.Minute).Unix()}))
	answer(t, a, greeting(token)) // is remembered
	clock = clock.Add(2 * time.Minute)
	if v := answer(t, a, greeting(token)); v.Reason != "token_expired" {
		t.Errorf("after its time: %+v", v)
	}
}

// Whatever is shown as a token is judged, in the same way each time.
func FuzzToken(f *testing.F) {
	a := opened(f, set(f, map[string]string{"k1": "HS256", "k2": "ES256"}), nil)
	for _, algorithm := range []string{"HS256", "ES256"} {
		f.Add(signed(f, algorithm, "k1", claims(nil)))
	}
	f.Add("e30.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		q := bayeux.Question{Operation: bayeux.OpHandshake, Caller: by("Authorization", "Bearer "+text)}
		first, second := answer(t, a, q), answer(t, a, q)
		if first.Ruling != second.Ruling || first.Reason != second.Reason || first.Claims != second.Claims || len(first.Claims) > bayeux.MaxClaims {
			t.Fatalf("%q: %+v, then %+v", text, first, second)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for _, algorithm := range []string{"HS256", "RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"} {
		keys, err := parseKeys(set(b, map[string]string{"k1": algorithm}))
		if err != nil {
			b.Fatal(err)
		}
		text, s := signed(b, algorithm, "k1", claims(nil)), usual()
		v := newVerifier(&s, time.Now)
		b.Run(algorithm, func(b *testing.B) {
			for b.Loop() {
				u, _ := v.read(text)
				if _, why := v.prove(u, keys); why != fine {
					b.Fatal(why)
				}
			}
		})
	}
	s := usual()
	v, text := newVerifier(&s, time.Now), signed(b, "HS256", "", claims(nil))
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			v.read(text)
		}
	})
	a := opened(b, []byte(secret), nil)
	q := greeting(text)
	a.Decide(q)
	b.Run("known", func(b *testing.B) {
		for b.Loop() {
			a.Decide(q)
		}
	})
}
