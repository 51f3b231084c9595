package access

import (
	"net/netip"
	"strings"

	"halley/bayeux"
	"halley/httpparse"
	"halley/loop/address"
	"halley/loop/front"
)

// binding is an authority for which a session is of use only with the browser's cookie, or from the network address, that
// its first message had. A browser without the cookie is given one by the handshake's reply: what first comes with it binds
// the session. Programs have none, and are not bound by it.
type binding struct{ to string }

// Fields are the header fields that it looks at.
func (b binding) Fields() []string {
	if b.to == bindCookie {
		return []string{"Cookie"}
	}
	return nil
}

// Watches says that every use of a session is asked about.
func (binding) Watches() bool { return true }

// Decide compares who asks with what is kept of the session.
func (b binding) Decide(q bayeux.Question) (v bayeux.Verdict) {
	now := b.of(q.Caller)
	switch {
	case q.Claims == "":
		v.Claims = now
	case q.Claims != now:
		v.Ruling, v.Unknown = bayeux.Deny, true
	}
	return v
}

// Ask is never called.
func (b binding) Ask(q bayeux.Question, answer func(bayeux.Verdict)) { answer(b.Decide(q)) }

func (b binding) of(c *bayeux.Caller) string {
	switch {
	case c == nil:
		return ""
	case b.to == bindAddress:
		return network(c.Address)
	}
	for _, f := range c.Fields {
		if !strings.EqualFold(f.Name, "Cookie") {
			continue
		}
		if value := httpparse.Cookie([]byte(f.Value), front.BrowserCookie); value != nil && len(value) <= maxCookie {
			return string(value)
		}
	}
	return ""
}

// maxCookie is more than a browser's cookie of ours has.
const maxCookie = 64

// network is an address without its port, of IPv6 the /64.
func network(text string) string {
	both, err := netip.ParseAddrPort(text)
	ip := both.Addr()
	if err != nil {
		if ip, err = netip.ParseAddr(text); err != nil {
			return text
		}
	}
	return address.Network(ip).String()
}
