package token

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"halley/bayeux/channel"
)

// Statement is what a token is to say.
type Statement struct {
	Subject   string
	Subscribe []string // patterns
	Publish   []string
	Issuer    string
	Audience  []string
	KeyID     string
	Claim     string // that has the patterns
	From      time.Time
	Lasts     time.Duration
}

// Sign makes a token with a key: a private one as PEM, or a secret.
func Sign(key []byte, s Statement) (string, error) {
	method, private, err := signer(key)
	if err != nil {
		return "", err
	}
	for _, p := range append(append([]string{}, s.Subscribe...), s.Publish...) {
		if _, err := channel.Check([]byte(strings.ReplaceAll(p, placeholder, "x")), channel.Limits{}); err != nil {
			return "", fmt.Errorf("pattern %q: %w", p, err)
		}
	}
	claims := jwt.MapClaims{
		"iat": s.From.Unix(), "exp": s.From.Add(s.Lasts).Unix(),
		s.Claim: map[string][]string{"subscribe": orNone(s.Subscribe), "publish": orNone(s.Publish)},
	}
	for name, value := range map[string]string{"sub": s.Subject, "iss": s.Issuer} {
		if value != "" {
			claims[name] = value
		}
	}
	if len(s.Audience) > 0 {
		claims["aud"] = s.Audience
	}
	t := jwt.NewWithClaims(method, claims)
	if s.KeyID != "" {
		t.Header["kid"] = s.KeyID
	}
	return t.SignedString(private)
}

func orNone(list []string) []string { return append([]string{}, list...) }

// signer finds the algorithm for a key by its type.
func signer(text []byte) (jwt.SigningMethod, any, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		secret := bytes.TrimRight(text, "\r\n")
		return jwt.SigningMethodHS256, secret, checkFile(secret)
	}
	private, err := parsePrivate(block)
	if err != nil {
		return nil, nil, err
	}
	algorithms, err := algorithmsOf(private.Public())
	if err != nil {
		return nil, nil, err
	}
	return jwt.GetSigningMethod(algorithms[0]), private, nil
}

func parsePrivate(block *pem.Block) (crypto.Signer, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return signing(x509.ParsePKCS1PrivateKey(block.Bytes))
	case "EC PRIVATE KEY":
		return signing(x509.ParseECPrivateKey(block.Bytes))
	case "PRIVATE KEY":
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		switch k := key.(type) {
		case *rsa.PrivateKey:
			return k, nil
		case *ecdsa.PrivateKey:
			return k, nil
		case ed25519.PrivateKey:
			return k, nil
		}
		return nil, errors.New("a key that signs no token")
	}
	return nil, fmt.Errorf("a block %q: want a private key, which signs, or a secret", block.Type)
}

func signing[K crypto.Signer](key K, err error) (crypto.Signer, error) {
	if err != nil {
		return nil, err
	}
	return key, nil
}
