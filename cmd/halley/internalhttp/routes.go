// Proved by TestRoutes.

package internalhttp

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-json"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"
	"github.com/valyala/fasthttp/pprofhandler"

	"halley/bayeux"
	"halley/loop"
	"halley/loop/access/key"
)

// route is a resource and one method of it.
type route struct {
	method string
	path   string // one that ends in / has everything below it
	open   bool   // needs no key
	right  key.Rights
	handle fasthttp.RequestHandler
}

func (r route) matches(path string) bool {
	if strings.HasSuffix(r.path, "/") {
		return strings.HasPrefix(path, r.path)
	}
	return path == r.path
}

// accepts lets HEAD stand for GET (RFC 9110, 9.3.2).
func (r route) accepts(method string) bool {
	return method == r.method || method == fasthttp.MethodHead && r.method == fasthttp.MethodGet
}

func (l *Listener) routes() []route {
	get := fasthttp.MethodGet
	routes := []route{
		{method: fasthttp.MethodPost, path: "/publish", handle: traced(l.options.Spans, l.publish)},
		{method: get, path: "/channels", right: key.Listings, handle: l.channels},
		{method: get, path: "/channels/", right: key.Listings, handle: l.channel},
		{method: get, path: "/sessions", right: key.Listings, handle: l.sessions},
		{method: get, path: "/sessions/", right: key.Listings, handle: l.session},
		{method: fasthttp.MethodDelete, path: "/sessions/", right: key.End, handle: l.disconnect},
		{method: get, path: "/cluster", right: key.Listings, handle: clusterOf(l.options.Cluster)},
		{method: get, path: "/health/live", open: true, handle: live},
		{method: get, path: "/health/ready", open: true, handle: l.ready},
		{method: get, path: "/openapi.json", open: true, handle: describe},
		{method: get, path: "/debug/pprof/", right: key.Profiles, handle: pprofhandler.PprofHandler},
		{method: fasthttp.MethodPost, path: "/debug/pprof/symbol", right: key.Profiles, handle: pprofhandler.PprofHandler},
	}
	if l.options.Metrics != nil {
		routes = append(routes, route{method: get, path: "/metrics", right: key.Metrics, handle: fasthttpadaptor.NewFastHTTPHandler(l.options.Metrics)})
	}
	if l.options.Console != nil {
		routes = append(routes, desk{l.options.Console, l.options.Pages}.routes()...)
	}
	return routes
}

// live says that the process answers.
func live(ctx *fasthttp.RequestCtx) { reply(ctx, fasthttp.StatusOK, map[string]bool{"live": true}) }

type readyJSON struct {
	Ready   bool     `json:"ready"`
	Reasons []string `json:"reasons,omitempty"`
}

// ready says whether the server should be sent clients: not before it listens, not
// while it drains or is about to, and not while it cannot do its job; and why.
func (l *Listener) ready(ctx *fasthttp.RequestCtx) {
	l.asked.Store(true)
	reasons := l.backend.Unready()
	status := fasthttp.StatusOK
	if len(reasons) > 0 {
		status = fasthttp.StatusServiceUnavailable
	}
	reply(ctx, status, readyJSON{len(reasons) == 0, reasons})
}

// Watched tells whether somebody has asked for readiness: they want to see the end
// of it before the server goes.
func (l *Listener) Watched() bool { return l.asked.Load() }

type channelJSON struct {
	Channel     string `json:"channel"`
	Subscribers int    `json:"subscribers"`
}

// channels lists what is subscribed to.
func (l *Listener) channels(ctx *fasthttp.RequestCtx) {
	wait, cancel := context.WithTimeout(context.Background(), lookupTimeout)
	defer cancel()
	infos, err := l.backend.Channels(wait)
	if err != nil {
		unavailable(ctx, err)
		return
	}
	list := make([]channelJSON, len(infos))
	for i, c := range infos {
		list[i] = channelJSON(c)
	}
	reply(ctx, fasthttp.StatusOK, map[string]any{"channels": list})
}

type sessionJSON struct {
	ID             string `json:"id"`
	ConnectionType string `json:"connectionType"`
	Held           bool   `json:"held"`
	Queued         int    `json:"queued"`
	QueuedBytes    int    `json:"queuedBytes"`
	Subscriptions  int    `json:"subscriptions"`
	Dropped        uint64 `json:"dropped"`
	AgeMs          int64  `json:"ageMs"`
}

const (
	usualSessions = 1000
	mostSessions  = 100_000
)

// sessions lists the first ones, 1,000 unless ?limit= says otherwise.
func (l *Listener) sessions(ctx *fasthttp.RequestCtx) {
	limit, ok := limitOf(ctx)
	if !ok {
		return
	}
	wait, cancel := context.WithTimeout(context.Background(), lookupTimeout)
	defer cancel()
	infos, err := l.backend.Sessions(wait, limit)
	if err != nil {
		unavailable(ctx, err)
		return
	}
	list := make([]sessionJSON, len(infos))
	for i, s := range infos {
		list[i] = sessionJSON(s)
		list[i].ID = shown(ctx, s.ID)
	}
	reply(ctx, fasthttp.StatusOK, map[string]any{"sessions": list})
}

type detailJSON struct {
	sessionJSON
	State    string   `json:"state"`
	Address  string   `json:"address,omitempty"`
	Subject  string   `json:"subject,omitempty"`
	InFlight int      `json:"inFlight"`
	Patterns []string `json:"patterns"`
}

// session shows one session whole.
func (l *Listener) session(ctx *fasthttp.RequestCtx) {
	wait, cancel := context.WithTimeout(context.Background(), lookupTimeout)
	defer cancel()
	d, err := l.backend.Session(wait, idOf(ctx))
	switch {
	case err != nil:
		unavailable(ctx, err)
	case d == nil:
		l.noSession(ctx)
	default:
		reply(ctx, fasthttp.StatusOK, detailJSON{sessionJSON(d.SessionInfo), d.State, d.Address, l.options.subject(d.Claims), d.InFlight, append([]string{}, d.Patterns...)})
	}
}

// limitOf is how many entries a request wants at most. What is no number is answered.
func limitOf(ctx *fasthttp.RequestCtx) (limit int, ok bool) {
	text := string(ctx.QueryArgs().Peek("limit"))
	if text == "" {
		return usualSessions, true
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostSessions {
		fail(ctx, fasthttp.StatusBadRequest, fmt.Sprintf("limit must be a number from 1 to %d", mostSessions))
		return 0, false
	}
	return n, true
}

// disconnect ends the session whose clientId follows in the path.
func (l *Listener) disconnect(ctx *fasthttp.RequestCtx) {
	wait, cancel := context.WithTimeout(context.Background(), lookupTimeout)
	defer cancel()
	found, err := l.backend.Disconnect(wait, idOf(ctx))
	switch {
	case err != nil:
		unavailable(ctx, err)
	case !found:
		l.noSession(ctx)
	default:
		l.options.Log.Info("a session was ended by way of the internal listener", "key", nameOf(holder(ctx)), "address", ctx.RemoteAddr())
		reply(ctx, fasthttp.StatusOK, map[string]int{"disconnected": 1})
	}
}

// noSession answers a request for a session that is not here. In a cluster it may be on another node, which the clientId names.
func (l *Listener) noSession(ctx *fasthttp.RequestCtx) {
	reason := "no such session"
	if at, is := bayeux.ParseClientID([]byte(idOf(ctx))); is && l.options.Cluster != nil {
		reason += l.options.Cluster().elsewhere(at.Node)
	}
	fail(ctx, fasthttp.StatusNotFound, reason)
}

// shown is what a request is told of a clientId. Whoever has one can end its session and do all that it may, so without the
// right to end sessions it is a name alone.
func shown(ctx *fasthttp.RequestCtx, id string) string {
	if k := holder(ctx); k == nil || k.May(key.End) {
		return id
	}
	if at, is := bayeux.ParseClientID([]byte(id)); is {
		return at.String()
	}
	return ""
}

// idOf is the clientId that a path names.
func idOf(ctx *fasthttp.RequestCtx) string {
	return strings.TrimPrefix(string(ctx.Path()), "/sessions/")
}

// unavailable answers when the event loops could not be asked.
func unavailable(ctx *fasthttp.RequestCtx, err error) {
	if errors.Is(err, loop.ErrBusy) || errors.Is(err, errBodies) {
		ctx.Response.Header.Set("Retry-After", "1")
	}
	fail(ctx, fasthttp.StatusServiceUnavailable, err.Error())
}

// fail answers with a reason.
func fail(ctx *fasthttp.RequestCtx, status int, reason string) {
	reply(ctx, status, map[string]string{"error": reason})
}

// reply answers with JSON.
func reply(ctx *fasthttp.RequestCtx, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = fasthttp.StatusInternalServerError, []byte(`{"error":"answer could not be written"}`)
	}
	ctx.Response.SetStatusCode(status)
	replyText(ctx, append(body, '\n'))
}
