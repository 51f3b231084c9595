// Package token decides by JSON Web Tokens what a client may do: it reads a token out of a message or a request's
// header, verifies it, and keeps with the session what the token's claims allow, as long as the token is good.
//
// Whatever takes long goes beside the event loops: signatures of public keys, and fetching a key set.
package token

import (
	"time"
)

// Settings are what an operator may set, see package loop/settings.
type Settings struct {
	Keys      string        `name:"token-keys" group:"access" placeholder:"FILE" help:"File with the keys of tokens (JWT): public keys as PEM, a JWK set, or a secret of at least 32 bytes for HS256 to HS512; with it or --token-jwks every channel takes a token unless a --rule says otherwise."`
	JWKS      string        `name:"token-jwks" group:"access" placeholder:"URL" help:"HTTPS address of a JWK set that has the public keys of tokens; plain HTTP on loopback alone."`
	Refresh   time.Duration `name:"token-jwks-refresh" group:"access" default:"10m" min:"10s" max:"24h" help:"How often the JWK set is fetched anew; a token whose key it lacks has it fetched at once, twice a minute at most."`
	Timeout   time.Duration `name:"token-jwks-timeout" group:"access" default:"5s" min:"100ms" max:"1m" help:"How long fetching the JWK set may take."`
	Issuer    string        `name:"token-issuer" group:"access" placeholder:"TEXT" help:"Who must have issued a token: its claim iss."`
	Audience  []string      `name:"token-audience" type:"lines" group:"access" sep:"none" placeholder:"TEXT" help:"Whom a token must be for, by its claim aud; repeatable: one of them."`
	Leeway    time.Duration `name:"token-leeway" group:"access" default:"10s" min:"0s" max:"10m" help:"How far clocks may differ where a token says from when and until when it is good."`
	Algorithm []string      `name:"token-algorithm" type:"lines" group:"access" sep:"none" placeholder:"NAME" help:"Algorithm that a token may be signed with, such as RS256; repeatable; without it all that fit the keys (HS, RS, PS, ES, EdDSA)."`
	Cookie    string        `name:"token-cookie" group:"access" placeholder:"NAME" help:"Cookie that may bring a token, beside Authorization and ext.auth.token."`
	Claim     string        `name:"token-claim" group:"access" default:"halley" help:"Claim that names what a client may do: {\"subscribe\":[PATTERN…],\"publish\":[PATTERN…]}; {sub} in a pattern is the token's subject."`
	MaxAge    time.Duration `name:"token-max-age" group:"access" default:"24h" min:"1s" max:"720h" help:"How long a session goes on by one token, however long that is good."`
	Required  bool          `name:"token-required" group:"access" help:"Refuse a handshake without a token."`
}

// On tells whether there are tokens at all.
func (s *Settings) On() bool { return s.Keys != "" || s.JWKS != "" }
