// Proved by TestTokenCommand.

package main

import (
	"fmt"
	"os"
	"time"

	"halley/loop/access/token"
)

// tokenCommand signs a token.
type tokenCommand struct {
	Key       string        `name:"key" required:"" placeholder:"FILE" env:"-" help:"What to sign with: a private key as PEM, or a secret of at least 32 bytes (HS256)."`
	Subject   string        `name:"sub" placeholder:"TEXT" env:"-" help:"Whose token it is; {sub} in a pattern stands for it."`
	Subscribe []string      `name:"subscribe" sep:"none" placeholder:"PATTERN" env:"-" help:"What may be subscribed to; repeatable."`
	Publish   []string      `name:"publish" sep:"none" placeholder:"PATTERN" env:"-" help:"What may be published to; repeatable."`
	For       time.Duration `name:"for" default:"1h" env:"-" help:"How long it is good."`
	Issuer    string        `name:"issuer" placeholder:"TEXT" env:"-" help:"Claim iss."`
	Audience  []string      `name:"audience" sep:"none" placeholder:"TEXT" env:"-" help:"Claim aud; repeatable."`
	KeyID     string        `name:"kid" placeholder:"TEXT" env:"-" help:"Name of the key, as a JWK set has it."`
	Claim     string        `name:"claim" default:"halley" env:"-" help:"Claim that has the patterns, see serve --token-claim."`
}

// Run prints a token.
func (c *tokenCommand) Run(env environment) error {
	if c.For < time.Second {
		return usagef("--for: %v is less than 1s", c.For)
	}
	if len(c.Subscribe)+len(c.Publish) == 0 {
		if c.Subject == "" {
			return usagef("--subscribe, --publish: the token would allow nothing, and without --sub it names nobody")
		}
		fmt.Fprintln(env.stderr, "halley token: without --subscribe and --publish it opens no channel, and only says who its client is")
	}
	key, err := os.ReadFile(c.Key)
	if err != nil {
		return usagef("--key: %w", err)
	}
	text, err := token.Sign(key, token.Statement{Subject: c.Subject, Subscribe: c.Subscribe, Publish: c.Publish, Issuer: c.Issuer, Audience: c.Audience,
		KeyID: c.KeyID, Claim: c.Claim, From: time.Now(), Lasts: c.For})
	if err != nil {
		return usageError{err}
	}
	_, err = fmt.Fprintln(env.stdout, text)
	return err
}
