package token

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"halley/bayeux"
)

// What is signed is taken, by each kind of key in each form.
func TestSign(t *testing.T) {
	block := func(name string, der []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der})
	}
	r, e := private()["RS256"].(*rsa.PrivateKey), private()["ES384"].(*ecdsa.PrivateKey)
	ec, ecErr := x509.MarshalECPrivateKey(e)
	for algorithm, keys := range map[string][][]byte{
		"HS256": {[]byte(secret), []byte(secret + "\n")},
		"RS256": {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r), nil)},
		"ES384": {block("EC PRIVATE KEY", ec, ecErr)},
		"EdDSA": {}, "ES256": {},
	} {
		if algorithm != "HS256" {
			der, err := x509.MarshalPKCS8PrivateKey(private()[algorithm])
			keys = append(keys, block("PRIVATE KEY", der, err))
		}
		a := opened(t, set(t, map[string]string{"k1": algorithm}), func(s *Settings) { s.Issuer, s.Audience, s.Claim = "me", []string{"you"}, "rights" })
		for _, key := range keys {
			text, err := Sign(key, Statement{Subject: "ann", Subscribe: []string{"/user/{sub}/*"}, Publish: []string{"/chat"}, Issuer: "me", Audience: []string{"you"},
				KeyID: "k1", Claim: "rights", From: time.Now(), Lasts: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			v := answer(t, a, greeting(text))
			if r := rights(v.Claims); v.Ruling != bayeux.Allow || !r.allow('s', list("/user/ann/1")) || !r.allow('p', list("/chat")) || Subject(v.Claims) != "ann" {
				t.Errorf("%s: %+v", algorithm, v)
			}
		}
	}
	for want, key := range map[string][]byte{"at least 32": []byte("short"), `"PUBLIC KEY"`: publicPEM(t, "RS256"), "asn1": block("PRIVATE KEY", []byte("x"), nil)} {
		if _, err := Sign(key, Statement{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := Sign([]byte(secret), Statement{Publish: []string{"chat"}}); err == nil || !strings.Contains(err.Error(), `"chat"`) {
		t.Errorf("no pattern: %v", err)
	}
}
