// Proved by TestNew and TestChain.

package access

import (
	"context"
	"errors"
	"log/slog"

	"halley/bayeux"
	"halley/loop/access/token"
)

// Access is who decides what a client may do.
type Access struct {
	chain *Chain           // nil: nobody does
	token *token.Authority // nil without tokens
}

// New checks the settings and reads the keys of tokens. Others are asked after the token, in order. An error names the flag.
func New(s Settings, log *slog.Logger, others ...bayeux.Authority) (*Access, error) {
	a := new(Access)
	var links []bayeux.Authority
	if s.Bind == bindCookie || s.Bind == bindAddress {
		links = append(links, binding{s.Bind})
	}
	if s.Token.On() {
		var err error
		if a.token, err = token.New(s.Token, s.Bind == bindToken, log); err != nil {
			return nil, err
		}
		links = append(links, a.token)
	} else if s.Bind == bindToken {
		return nil, errors.New("--bind-session token: there are no tokens without --token-keys or --token-jwks")
	}
	if links = append(links, others...); len(links) > 0 {
		a.chain = newChain(a.token != nil, links)
	}
	return a, nil
}

// Authority is who is to be asked, nil if nobody is.
func (a *Access) Authority() bayeux.Authority {
	if a.chain == nil {
		return nil
	}
	return a.chain
}

// Tokens is who decides by tokens, nil if there are none.
func (a *Access) Tokens() *token.Authority { return a.token }

// Start begins what goes on beside the event loops until ctx is done.
func (a *Access) Start(ctx context.Context) error {
	if a.token == nil {
		return nil
	}
	return a.token.Start(ctx)
}

// Subject is whose token a session has shown, by its claims; empty if it has shown none.
func (a *Access) Subject(claims string) string {
	if a.chain == nil {
		return ""
	}
	return a.chain.identity(claims)
}
