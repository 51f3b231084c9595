package token

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"log/slog"
	"os"
	"strings"
	"testing"

	"halley/bayeux"
)

func TestBadKeys(t *testing.T) {
	der, err := x509.MarshalPKCS8PrivateKey(private()["RS256"])
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GODEBUG", "rsa1024min=0")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string][]byte{
		"at least 32":            []byte("short\n"),
		"several lines":          []byte(secret + "\n" + secret + "\n"),
		"0 bytes":                nil,
		"PRIVATE KEY":            pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"2048":                   pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&small.PublicKey)}),
		"0 public keys":          []byte("-----BEGIN PUBLIC KEY-----\nbroken"),
		"asn1":                   pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}),
		"no JWK set":             []byte(`{"keys":`),
		"no key in it":           []byte(`{"keys":[{"kty":"RSA","use":"enc"},{"kty":"X"},7]}`),
		"more than":              []byte(strings.Repeat("x", maxSet+1)),
		"for a --token-algorith": []byte(secret),
	} {
		s := usual()
		s.Keys, s.Algorithm = file(t, text), []string{"ES256", "RS256", "HS256"}
		if strings.HasPrefix(want, "for a") {
			s.Algorithm = s.Algorithm[:1]
		}
		if _, err := New(s, false, slog.New(slog.DiscardHandler)); err == nil || !strings.HasPrefix(err.Error(), "--token-keys: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, change := range []func(*Settings){
		func(s *Settings) { s.Keys = "/does/not/exist" }, func(s *Settings) { s.Keys, s.JWKS = file(t, []byte(secret)), "https://id.example" },
		func(s *Settings) { s.Keys, s.Algorithm = file(t, []byte(secret)), []string{"none"} },
	} {
		s := usual()
		change(&s)
		if _, err := New(s, false, slog.New(slog.DiscardHandler)); err == nil || !strings.HasPrefix(err.Error(), "--token-") {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// A key of a set is for what the set says, and nothing is fetched for it.
func TestKeysOfSets(t *testing.T) {
	plain := string(set(t, map[string]string{"k1": "RS256"}))
	with := func(fields string) []byte { return []byte(strings.Replace(plain, `"kid"`, fields+`,"kid"`, 1)) }
	for fields, algorithms := range map[string]string{
		`"alg":"PS256"`: "PS256", `"use":"sig"`: "RS256 RS384 RS512 PS256 PS384 PS512", `"key_ops":["verify"],"alg":"RS512"`: "RS512",
		`"x5u":"http://192.0.2.1/never","alg":"RS256"`: "RS256",
		`"alg":"HS256"`: "", `"alg":"ES256"`: "", `"use":"enc"`: "", `"key_ops":["encrypt"]`: "",
	} {
		s, err := parseSet(with(fields))
		got := ""
		if err == nil {
			got = strings.Join(s.algorithms(), " ")
		}
		if got != algorithms {
			t.Errorf("%s: %q, %v", fields, got, err)
		}
	}
}

// A file with other keys is read again, a bad one changes nothing.
func TestReload(t *testing.T) {
	a := opened(t, []byte(secret), nil)
	hs, es := greeting(signed(t, "HS256", "", claims(nil))), greeting(signed(t, "ES256", "", claims(nil)))
	answer(t, a, hs)
	if changed, err := a.Reload(); len(changed) != 0 || err != nil {
		t.Errorf("nothing new: %q, %v", changed, err)
	}
	write := func(text []byte) {
		if err := os.WriteFile(a.settings.Keys, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write([]byte("bad"))
	if _, err := a.Reload(); err == nil || answer(t, a, hs).Ruling != bayeux.Allow {
		t.Errorf("a bad file: %v", err)
	}
	write(publicPEM(t, "ES256"))
	if changed, err := a.Reload(); len(changed) != 1 || err != nil {
		t.Errorf("other keys: %q, %v", changed, err)
	}
	if v := answer(t, a, hs); v.Reason != "token_algorithm" {
		t.Errorf("a token of the key that is gone: %+v", v)
	}
	if v := answer(t, a, es); v.Ruling != bayeux.Allow {
		t.Errorf("a token of the new one: %+v", v)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(secret))
	f.Add(set(f, map[string]string{"a": "RS256", "b": "ES256", "c": "EdDSA", "d": "HS256"}))
	f.Add(publicPEM(f, "ES256"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseKeys(text)
		if err == nil && (len(s.keys) == 0 || len(s.algorithms()) == 0) {
			t.Fatal("no keys, and no error")
		}
	})
}

// While a secret is replaced, a set has the old one and the new one. A secret that is no text may have any bytes.
func TestSeveralSecrets(t *testing.T) {
	one := func(secret string) string {
		return `{"kty":"oct","k":"` + base64.RawURLEncoding.EncodeToString([]byte(secret)) + `"}`
	}
	other := strings.Repeat("\n\x00", minSecret)
	for text, keys := range map[string]int{`{"keys":[` + one(secret) + "," + one(other) + "]}": 2, other + "x": 1} {
		if s, err := parseKeys([]byte(text)); err != nil || len(s.keys) != keys {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A secret that others may read is told; public keys are for everybody.
func TestExposed(t *testing.T) {
	for _, c := range []struct {
		text []byte
		mode os.FileMode
		told bool
	}{
		{[]byte(secret), 0o600, false}, {[]byte(secret), 0o640, true}, {[]byte(secret), 0o604, true}, {publicPEM(t, "ES256"), 0o644, false},
		{[]byte(`{"keys":[{"kty":"oct","k":"` + base64.RawURLEncoding.EncodeToString([]byte(secret)) + `"}]}`), 0o644, true},
	} {
		a := opened(t, c.text, nil)
		if err := os.Chmod(a.settings.Keys, c.mode); err != nil {
			t.Fatal(err)
		}
		if got := a.Exposed(); (got != "") != c.told || strings.Contains(got, secret) {
			t.Errorf("%q, mode %o: %q", c.text, c.mode, got)
		}
	}
	if got := (*Authority)(nil).Exposed(); got != "" {
		t.Error(got)
	}
}
