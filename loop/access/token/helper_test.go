package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"halley/bayeux"
	"halley/loop/settings"
)

const secret = "a secret that is long enough for it"

// private are keys to sign with, by algorithm, made once: making an RSA key takes long.
var private = sync.OnceValue(func() map[string]crypto.Signer {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	e256, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	e384, err3 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	e521, err4 := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	_, ed, err5 := ed25519.GenerateKey(rand.Reader)
	for _, err := range []error{err, err2, err3, err4, err5} {
		if err != nil {
			panic(err)
		}
	}
	return map[string]crypto.Signer{"RS256": r, "RS384": r, "RS512": r, "PS256": r, "PS384": r, "PS512": r, "ES256": e256, "ES384": e384,
		"ES512": e521, "EdDSA": ed}
})

// keyOf is what signs by an algorithm.
func keyOf(algorithm string) any {
	if strings.HasPrefix(algorithm, "HS") {
		return []byte(secret)
	}
	return private()[algorithm]
}

// claims are those of a good token, changed; a value of nil takes one away.
func claims(change map[string]any) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "ann", "exp": time.Now().Add(time.Hour).Unix(),
		"halley": map[string]any{"subscribe": []string{"/stock/**", "/user/{sub}/*"}, "publish": []string{"/chat/*"}}}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// signed is a token with claims and a key's name.
func signed(t testing.TB, algorithm, kid string, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), c)
	if kid != "" {
		token.Header["kid"] = kid
	}
	text, err := token.SignedString(keyOf(algorithm))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// publicPEM is the public key of an algorithm as a PEM block.
func publicPEM(t testing.TB, algorithm string) []byte {
	der, err := x509.MarshalPKIXPublicKey(private()[algorithm].Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// set is a JWK set of the keys of algorithms by their names.
func set(t testing.TB, keys map[string]string) []byte {
	var list []map[string]string
	b64 := base64.RawURLEncoding.EncodeToString
	for kid, algorithm := range keys {
		k := map[string]string{"kid": kid}
		switch public := keyOf(algorithm).(type) {
		case []byte:
			k["kty"], k["k"] = "oct", b64(public)
		case *rsa.PrivateKey:
			k["kty"], k["n"], k["e"] = "RSA", b64(public.N.Bytes()), b64(big.NewInt(int64(public.E)).Bytes())
		case *ecdsa.PrivateKey:
			size := (public.Curve.Params().BitSize + 7) / 8
			k["kty"], k["crv"] = "EC", public.Curve.Params().Name
			k["x"], k["y"] = b64(public.X.FillBytes(make([]byte, size))), b64(public.Y.FillBytes(make([]byte, size)))
		case ed25519.PrivateKey:
			k["kty"], k["crv"], k["x"] = "OKP", "Ed25519", b64(public.Public().(ed25519.PublicKey))
		}
		list = append(list, k)
	}
	text, err := json.Marshal(map[string]any{"keys": list})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// usual are the settings that nobody has changed.
func usual() (s Settings) {
	settings.Default(&s)
	return s
}

// file is a file with a text.
func file(t testing.TB, text []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// opened is an Authority with keys, and settings that were changed.
func opened(t testing.TB, keys []byte, change func(*Settings)) *Authority {
	t.Helper()
	s := usual()
	s.Keys = file(t, keys)
	if change != nil {
		change(&s)
	}
	a, err := New(s, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// answer asks until there is a verdict.
func answer(t testing.TB, a bayeux.Authority, q bayeux.Question) bayeux.Verdict {
	t.Helper()
	v := a.Decide(q)
	if v.Ruling != bayeux.Wait {
		return v
	}
	verdict := make(chan bayeux.Verdict, 1)
	a.Ask(q, func(v bayeux.Verdict) { verdict <- v })
	select {
	case v = <-verdict:
	case <-time.After(time.Minute):
		t.Fatal("no verdict")
	}
	return v
}

// greeting is a handshake with a token in its ext.
func greeting(token string) bayeux.Question {
	return bayeux.Question{Operation: bayeux.OpHandshake, Ext: fmt.Appendf(nil, `{"auth":{"token":%q}}`, token)}
}

// by is a caller with header fields, name and value in turn.
func by(fields ...string) *bayeux.Caller {
	c := new(bayeux.Caller)
	for i := 0; i < len(fields); i += 2 {
		c.Fields = append(c.Fields, bayeux.Field{Name: fields[i], Value: fields[i+1]})
	}
	return c
}

// list is patterns as a question has them.
func list(patterns ...string) (all [][]byte) {
	for _, p := range patterns {
		all = append(all, []byte(p))
	}
	return all
}
