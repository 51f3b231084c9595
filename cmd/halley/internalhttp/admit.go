package internalhttp

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"
)

// admit checks where a request comes from. With a key that is the key alone, which
// no page has that should not. Without one a web page could use a visitor's browser
// to get here: what browsers send for other sites' pages is refused, and so is
// every name that a page's owner may have pointed at this address.
func (l *Listener) admit(ctx *fasthttp.RequestCtx) bool {
	if l.options.Key != "" {
		return l.admitKey(ctx)
	}
	switch {
	case !l.knows(string(ctx.Host())):
		fail(ctx, fasthttp.StatusForbidden, "the Host of the request is neither an address nor localhost; --internal-host admits names, --internal-key any")
	case crossSite(&ctx.Request.Header, string(ctx.Host())):
		fail(ctx, fasthttp.StatusForbidden, "requests of other origins' pages are not taken")
	default:
		return true
	}
	return false
}

// admitKey asks for the bearer key (RFC 9110, 11.6.1 MUST challenge).
func (l *Listener) admitKey(ctx *fasthttp.RequestCtx) bool {
	scheme, given, _ := strings.Cut(string(ctx.Request.Header.Peek("Authorization")), " ")
	sum := sha256.Sum256([]byte(given))
	if strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], l.key[:]) == 1 {
		return true
	}
	ctx.Response.Header.Set("WWW-Authenticate", "Bearer")
	fail(ctx, fasthttp.StatusUnauthorized, "a bearer key is needed")
	return false
}

// knows tells whether a Host names this listener for certain: an address does, and
// so do localhost and the names that the operator gives.
func (l *Listener) knows(host string) bool {
	name := hostName(host)
	if _, err := netip.ParseAddr(name); err == nil || name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	return slices.ContainsFunc(l.options.Hosts, func(h string) bool { return strings.EqualFold(hostName(h), name) })
}

// hostName is a Host without its port and the final dot, in lower case.
func hostName(host string) string {
	name := strings.Trim(host, "[]")
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// crossSite tells whether a browser sends the request for a page of another origin.
func crossSite(header *fasthttp.RequestHeader, host string) bool {
	switch string(header.Peek("Sec-Fetch-Site")) {
	case "cross-site", "same-site":
		return true
	}
	origin := string(header.Peek("Origin"))
	return origin != "" && !sameHost(origin, host)
}

// sameHost compares an Origin with a Host.
func sameHost(origin, host string) bool {
	_, authority, ok := strings.Cut(origin, "://")
	return ok && strings.EqualFold(authority, host)
}
