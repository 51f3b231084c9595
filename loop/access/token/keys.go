package token

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"unicode"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// key verifies signatures of its own algorithms, and of no others: a public key is never taken for a secret.
type key struct {
	id         string // of its JWK, empty without one
	algorithms []string
	key        any
}

// isSecret tells whether who verifies with the key can sign with it, too.
func (k key) isSecret() bool {
	_, is := k.key.([]byte)
	return is
}

// keySet is the keys that are good now. It never changes.
type keySet struct {
	keys []key
	sum  [sha256.Size]byte // of the text that it is of
}

// Bounds of a key set.
const (
	maxKeys   = 100
	maxSet    = 1 << 20 // bytes of its text
	minSecret = 32      // bytes (RFC 7518, 3.2 MUST)
	minRSA    = 2048    // bits (RFC 7518, 3.3 MUST)
)

// find gives those keys that may have signed a token which names a key and an algorithm. A token that names no key may be
// of any.
func (s *keySet) find(id, algorithm string) (keys []jwt.VerificationKey, why Refusal) {
	why = unknownKey
	for _, k := range s.keys {
		switch {
		case id != "" && k.id != "" && k.id != id:
		case !slices.Contains(k.algorithms, algorithm):
			why = wrongAlgorithm
		default:
			keys = append(keys, k.key)
		}
	}
	if len(keys) > 0 {
		why = fine
	}
	return keys, why
}

// algorithms are all that the keys are for.
func (s *keySet) algorithms() (all []string) {
	for _, k := range s.keys {
		all = append(all, k.algorithms...)
	}
	return all
}

// parseKeys reads PEM blocks, a JWK set, or a secret.
func parseKeys(text []byte) (*keySet, error) {
	if len(text) > maxSet {
		return nil, fmt.Errorf("more than %d bytes", maxSet)
	}
	var keys []key
	var err error
	switch {
	case bytes.Contains(text, []byte("-----BEGIN ")):
		keys, err = parsePEM(text)
	case bytes.HasPrefix(trimmed(text), []byte("{")):
		return parseSet(text)
	default:
		secret := bytes.TrimRight(text, "\r\n")
		keys, err = []key{{"", hmacs(), secret}}, checkFile(secret)
	}
	if err != nil {
		return nil, err
	}
	return &keySet{keys, sha256.Sum256(text)}, nil
}

func hmacs() []string { return []string{"HS256", "HS384", "HS512"} }

func checkSecret(secret []byte) error {
	if len(secret) < minSecret {
		return fmt.Errorf("a secret of %d bytes: want at least %d", len(secret), minSecret)
	}
	return nil
}

// checkFile checks a secret that is a file of its own. Lines of text in it are several secrets for whoever wrote them.
func checkFile(secret []byte) error {
	if bytes.IndexByte(secret, '\n') >= 0 && isText(secret) {
		return errors.New("a secret of several lines: want one secret, or several keys as a JWK set")
	}
	return checkSecret(secret)
}

// isText tells whether a secret can be printed, so that a line end in it is one.
func isText(secret []byte) bool {
	return !bytes.ContainsFunc(secret, func(r rune) bool { return r > unicode.MaxASCII || r < ' ' && r != '\n' && r != '\r' })
}

func parsePEM(text []byte) (keys []key, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var public any
		switch block.Type {
		case "PUBLIC KEY":
			public, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "RSA PUBLIC KEY":
			public, err = x509.ParsePKCS1PublicKey(block.Bytes)
		case "CERTIFICATE":
			var c *x509.Certificate
			if c, err = x509.ParseCertificate(block.Bytes); err == nil {
				public = c.PublicKey
			}
		default:
			err = fmt.Errorf("a block %q: want PUBLIC KEY; who verifies needs no private one", block.Type)
		}
		if err != nil {
			return nil, err
		}
		algorithms, err := algorithmsOf(public)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key{"", algorithms, public})
	}
	if len(keys) == 0 || len(keys) > maxKeys {
		return nil, fmt.Errorf("%d public keys: want 1 to %d", len(keys), maxKeys)
	}
	return keys, nil
}

// algorithmsOf are those for which a key is, by its type.
func algorithmsOf(public any) ([]string, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSA {
			return nil, fmt.Errorf("an RSA key of %d bits: want at least %d", bits, minRSA)
		}
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, nil
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return []string{"ES256"}, nil
		case elliptic.P384():
			return []string{"ES384"}, nil
		case elliptic.P521():
			return []string{"ES512"}, nil
		}
	case ed25519.PublicKey:
		return []string{"EdDSA"}, nil
	case []byte:
		return hmacs(), checkSecret(k)
	}
	return nil, fmt.Errorf("a key of type %T, which signs no token", public)
}

var errNoKeys = errors.New("no key in it verifies tokens")

// parseSet reads a JWK set (RFC 7517). Keys in it that are for something else, or of a kind that is not known, are passed over.
func parseSet(text []byte) (*keySet, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("no JWK set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%d keys: want at most %d", len(set.Keys), maxKeys)
	}
	s := &keySet{sum: sha256.Sum256(text)}
	var last error
	for _, raw := range set.Keys {
		k, err := parseJWK(raw)
		if err != nil {
			last = err
			continue
		}
		s.keys = append(s.keys, k)
	}
	if len(s.keys) == 0 {
		return nil, errors.Join(errNoKeys, last)
	}
	return s, nil
}

func parseJWK(raw []byte) (k key, err error) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &m); err != nil {
		return k, err
	}
	m.X5U, m.X5C, m.X5T, m.X5TS256 = "", nil, "", "" // the key is what counts, and nothing is fetched for it
	verifies := len(m.KEYOPS) == 0 || slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify)
	if m.USE != "" && m.USE != jwkset.UseSig || !verifies {
		return k, errors.New("a key for something else")
	}
	// Of a private key the public one is taken, a secret is private as a whole.
	j, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{Private: m.KTY == jwkset.KtyOct}, jwkset.JWKValidateOptions{})
	if err != nil {
		return k, err
	}
	k = key{id: m.KID, key: j.Key()}
	if p, private := k.key.(interface{ Public() crypto.PublicKey }); private {
		k.key = p.Public()
	}
	if k.algorithms, err = algorithmsOf(k.key); err != nil {
		return k, err
	}
	if m.ALG != "" {
		if !slices.Contains(k.algorithms, string(m.ALG)) {
			return k, fmt.Errorf("a %s key for %s", m.KTY, m.ALG)
		}
		k.algorithms = []string{string(m.ALG)}
	}
	return k, nil
}
