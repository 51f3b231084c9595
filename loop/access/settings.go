// Package access has the authorities that decide what a client may do, one after the other: what a session is bound to, its
// token, and whoever else is asked.
package access

import "halley/loop/access/token"

// Settings are what an operator may set, see package loop/settings.
type Settings struct {
	Token token.Settings `embed:""`
	Bind  string         `name:"bind-session" group:"access" default:"none" enum:"none,token,cookie,address" help:"What a session is bound to, so that its clientId alone is of no use elsewhere: none, the subject of its token, the browser's cookie, or the client's address (an IPv6 /64)."`
}

// What a session may be bound to.
const (
	bindNone    = "none"
	bindToken   = "token"
	bindCookie  = "cookie"
	bindAddress = "address"
)
