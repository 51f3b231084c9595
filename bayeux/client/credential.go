// Proved by TestTokenInTheHeader.

package client

import (
	"net/http"
	"net/url"
	"sync/atomic"
)

// credential is the newest token that the user has given. Each request shows it, too: a server that binds sessions to
// their tokens asks for it there, and a header that never changes would have the one that expires. Nil shows nothing.
type credential struct{ newest atomic.Pointer[string] }

func (c *credential) given(token string) {
	if c != nil {
		c.newest.Store(&token)
	}
}

// fields are the user's header fields and, unless those or the address have other credentials, the token.
func (c *credential) fields(own http.Header, address *url.URL) http.Header {
	h := make(http.Header, len(own)+4)
	for name, values := range own {
		h[name] = values
	}
	if c == nil || h.Get("Authorization") != "" || address.User != nil {
		return h
	}
	if token := c.newest.Load(); token != nil {
		h.Set("Authorization", "Bearer "+*token)
	}
	return h
}
