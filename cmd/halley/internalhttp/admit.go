package internalhttp

import (
	"bytes"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"halley/bayeux"
	"halley/loop/access/key"
)

// gate checks who sends a request, and what for.
type gate struct {
	hosts   []string // names by which the listener may be called without a key
	ring    *key.Ring
	guesses *key.Guesses
	log     *slog.Logger
	count   refusals
}

// refusals count the requests that a gate turned away.
type refusals struct{ foreign, wrong, limited atomic.Uint64 }

func newGate(o Options) *gate {
	return &gate{hosts: o.Hosts, ring: o.Keys, guesses: key.NewGuesses(o.WrongKeys), log: o.Log}
}

// admit lets a request pass that has the right to what it wants, and answers any other. Without a key a web page
// could use a visitor's browser to get here: what browsers send for other sites' pages is refused, and so is every
// name that a page's owner may have pointed at this address. A key is one that no page has which should not.
func (g *gate) admit(ctx *fasthttp.RequestCtx, want key.Rights) bool {
	asks := g.ring.Asks()
	reason := ""
	switch header, host := &ctx.Request.Header, string(ctx.Host()); {
	case markedForeign(header):
		reason = "requests of other origins' pages are not taken"
	case asks:
	case !knows(g.hosts, host):
		reason = "the Host of the request is neither an address nor localhost; --internal-host admits names, a key any"
	case foreign(header, host):
		reason = "requests of other origins' pages are not taken"
	}
	switch {
	case reason != "":
		g.count.foreign.Add(1)
		fail(ctx, fasthttp.StatusForbidden, reason)
		return false
	case asks:
		return g.admitKey(ctx, want)
	}
	return true
}

// admitKey asks for a bearer key that is good for what the request wants (RFC 9110, 11.6.1 MUST challenge).
func (g *gate) admitKey(ctx *fasthttp.RequestCtx, want key.Rights) bool {
	scheme, given, _ := strings.Cut(string(ctx.Request.Header.Peek("Authorization")), " ")
	if given = strings.TrimSpace(given); given == "" || !strings.EqualFold(scheme, "Bearer") {
		challenge(ctx, "Bearer", fasthttp.StatusUnauthorized, "a bearer key is needed")
		return false
	}
	now, from := time.Now(), addressOf(ctx.RemoteAddr())
	if wait := g.guesses.Wait(from, given, now); wait > 0 {
		g.count.limited.Add(1)
		ctx.Response.Header.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		fail(ctx, fasthttp.StatusTooManyRequests, "too many different wrong keys have come from this address")
		return false
	}
	k := g.ring.Find(given)
	if k == nil {
		g.count.wrong.Add(1)
		if g.guesses.Wrong(from, given, now) {
			g.log.Warn("a request of the internal listener had a wrong key", "address", ctx.RemoteAddr(), "path", loggedPath(ctx.Path()))
		}
		challenge(ctx, `Bearer error="invalid_token"`, fasthttp.StatusUnauthorized, "the bearer key is wrong")
		return false
	}
	k.Asked()
	if !k.May(want) {
		g.refused(ctx, k, k.Denied(want))
		challenge(ctx, `Bearer error="insufficient_scope"`, fasthttp.StatusForbidden, k.Denied(want))
		return false
	}
	ctx.SetUserValue(holderKey{}, k)
	return true
}

// refused notes that a key was not good for a request.
func (g *gate) refused(ctx *fasthttp.RequestCtx, k *key.Key, reason string) {
	if k.Refused(time.Now()) {
		g.log.Warn("a key was not good for a request of the internal listener; more are not told for a minute",
			"key", k.Name, "address", ctx.RemoteAddr(), "path", loggedPath(ctx.Path()), "reason", reason)
	}
}

// loggedPath is a path for the log, in which a session has its name in place of its clientId.
func loggedPath(path []byte) string {
	last := bytes.LastIndexByte(path, '/') + 1
	if at, is := bayeux.ParseClientID(path[last:]); is {
		return string(path[:last]) + at.String()
	}
	return string(path)
}

// holderKey is under what the key of an admitted request is kept with it.
type holderKey struct{}

// holder is the key that an admitted request came with; nil where none is asked for.
func holder(ctx *fasthttp.RequestCtx) *key.Key {
	k, _ := ctx.UserValue(holderKey{}).(*key.Key)
	return k
}

// nameOf is what the log calls whoever has sent an admitted request.
func nameOf(k *key.Key) string {
	if k == nil {
		return "none"
	}
	return k.Name
}

func challenge(ctx *fasthttp.RequestCtx, scheme string, status int, reason string) {
	ctx.Response.Header.Set("WWW-Authenticate", scheme)
	fail(ctx, status, reason)
}

// addressOf is an address without its port; the zero one where it has none.
func addressOf(a net.Addr) netip.Addr {
	tcp, is := a.(*net.TCPAddr)
	if !is {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr()
}
