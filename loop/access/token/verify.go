package token

import (
	"errors"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// maxText is how long a token may be in bytes.
const maxText = 8 << 10

// identity is what a token that is good says.
type identity struct {
	rights  rights
	subject string
	expires int64 // milliseconds since 1970
}

// verifier tells what is wrong with a token.
type verifier struct {
	allowed   []string // algorithms; nil: all that fit the keys
	claim     string   // that has the rights
	leeway    time.Duration
	maxAge    time.Duration
	now       func() time.Time
	parser    *jwt.Parser
	validator *jwt.Validator
}

func newVerifier(s *Settings, now func() time.Time) *verifier {
	options := []jwt.ParserOption{jwt.WithLeeway(s.Leeway), jwt.WithTimeFunc(now), jwt.WithExpirationRequired()}
	if s.Issuer != "" {
		options = append(options, jwt.WithIssuer(s.Issuer))
	}
	if len(s.Audience) > 0 {
		options = append(options, jwt.WithAudience(s.Audience...))
	}
	return &verifier{
		allowed: s.Algorithm, claim: s.Claim, leeway: s.Leeway, maxAge: s.MaxAge, now: now,
		parser: jwt.NewParser(jwt.WithStrictDecoding()), validator: jwt.NewValidator(options...),
	}
}

// unproved is a token as it reads, before its signature is looked at.
type unproved struct {
	token  *jwt.Token
	claims jwt.MapClaims
	signed string // what the signature is of
	keyID  string
}

func (u *unproved) algorithm() string { return u.token.Method.Alg() }

// read finds what is wrong with a token without a look at its signature, which costs more than all the rest.
func (v *verifier) read(text string) (u unproved, why Refusal) {
	if len(text) > maxText {
		return u, malformed
	}
	u.claims = jwt.MapClaims{}
	token, parts, err := v.parser.ParseUnverified(text, u.claims)
	switch {
	case errors.Is(err, jwt.ErrTokenUnverifiable):
		return u, wrongAlgorithm
	case err != nil:
		return u, malformed
	}
	u.token, u.signed = token, text[:len(parts[0])+1+len(parts[1])]
	if _, extended := token.Header["crit"]; extended { // (RFC 7515, 4.1.11 MUST)
		return u, malformed
	}
	u.keyID, _ = token.Header["kid"].(string)
	if alg := u.algorithm(); alg == "none" || v.allowed != nil && !slices.Contains(v.allowed, alg) {
		return u, wrongAlgorithm
	}
	return u, refusalOf(v.validator.Validate(u.claims))
}

// refusalOf is the worst of what a validator has found: what a fresh token could not cure goes first.
func refusalOf(err error) Refusal {
	if err == nil {
		return fine
	}
	for _, c := range []struct {
		is  error
		why Refusal
	}{
		{jwt.ErrTokenInvalidIssuer, wrongIssuer}, {jwt.ErrTokenInvalidAudience, wrongAudience}, {jwt.ErrTokenExpired, expired},
		{jwt.ErrTokenNotValidYet, notYet}, {jwt.ErrTokenRequiredClaimMissing, noExpiry},
	} {
		if errors.Is(err, c.is) {
			return c.why
		}
	}
	return wrongClaims
}

// maxTries is how many keys a token that names none is tried with.
const maxTries = 8

// prove verifies the signature with the keys of a set, and reads what the token allows.
func (v *verifier) prove(u unproved, set *keySet) (identity, Refusal) {
	keys, why := set.find(u.keyID, u.algorithm())
	if why != fine {
		return identity{}, why
	}
	signed := slices.ContainsFunc(keys[:min(len(keys), maxTries)], func(k jwt.VerificationKey) bool {
		return u.token.Method.Verify(u.signed, u.token.Signature, k) == nil
	})
	if !signed {
		return identity{}, wrongSignature
	}
	return v.identify(u.claims)
}

func (v *verifier) identify(claims jwt.MapClaims) (id identity, why Refusal) {
	subject, err := claims.GetSubject()
	if err != nil {
		return id, wrongClaims
	}
	exp, err := claims.GetExpirationTime()
	if err != nil || exp == nil {
		return id, noExpiry
	}
	until := exp.Add(v.leeway) // as long as the token would be taken
	if most := v.now().Add(v.maxAge); until.After(most) {
		until = most
	}
	id = identity{subject: subject, expires: until.UnixMilli()}
	own, is := claims[v.claim].(map[string]any)
	if !is && claims[v.claim] != nil {
		return id, wrongClaims
	}
	subscribe, fits := texts(own["subscribe"])
	publish, fit := texts(own["publish"])
	if !fits || !fit {
		return id, wrongClaims
	}
	if id.rights, err = newRights(subject, id.expires, subscribe, publish); err != nil {
		return id, wrongClaims
	}
	return id, fine
}

// texts reads a list of texts, or one.
func texts(v any) (list []string, ok bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case string:
		return []string{v}, true
	case []any:
		for _, e := range v {
			text, is := e.(string)
			if !is {
				return nil, false
			}
			list = append(list, text)
		}
		return list, true
	}
	return nil, false
}
