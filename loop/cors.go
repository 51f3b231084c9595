package loop

import (
	"bytes"

	"halley/httpparse"
)

// origins are those that may use the server from another origin's page.
type origins struct {
	any   *extra            // for those that no name stands for, nil where only names are admitted
	named map[string]*extra // ready-made for requests that need no more
}

func newOrigins(allowed []string) origins {
	o := origins{named: make(map[string]*extra)}
	for _, origin := range allowed {
		e := &extra{origin: origin}
		if origin == anyOrigin {
			o.any = e
			continue
		}
		o.named[origin] = e
	}
	return o
}

// anyOrigin admits every page, but never with its visitor's credentials.
const anyOrigin = "*"

// find returns what a reply to a page of origin has to have, nil if that page is
// not admitted.
func (o *origins) find(origin []byte) *extra {
	if known := o.named[string(origin)]; known != nil {
		return known
	}
	if len(origin) > maxOrigin {
		return nil
	}
	return o.any
}

// vary tells whether answers depend on the Origin field, which caches must know.
func (o *origins) vary() bool { return o.any != nil || len(o.named) > 0 }

// maxOrigin bounds what is looked at of an Origin field, in bytes.
const maxOrigin = 512

// crossOrigin notes the origin that the reply has to name: one that is allowed,
// and not the server's own.
func (r *reactor) crossOrigin(c *conn, q *httpparse.Request) {
	if len(q.Origin) > 0 && !sameOrigin(q, q.Origin) {
		c.extra = r.server.origins.find(q.Origin)
	}
}

// appendOrigin appends to a head what its answer says of origins.
func (r *reactor) appendOrigin(c *conn) {
	if r.server.varies {
		r.out = append(r.out, "Vary: Origin\r\n"...)
	}
	if c.extra == nil || c.extra.origin == "" {
		return
	}
	r.out = httpparse.AppendField(r.out, "Access-Control-Allow-Origin", c.extra.origin)
	if c.extra.origin != anyOrigin {
		r.out = append(r.out, "Access-Control-Allow-Credentials: true\r\n"...)
	}
}

// sameOrigin tells whether a page of origin came from this server: its browser says
// so, or the host is the same. Host may name the port that goes without saying.
func sameOrigin(q *httpparse.Request, origin []byte) bool {
	if string(q.SecFetchSite) == "same-origin" {
		return true
	}
	scheme, host, ok := bytes.Cut(origin, []byte("://"))
	port := []byte(":80")
	if bytes.EqualFold(scheme, []byte("https")) {
		port = []byte(":443")
	}
	return ok && bytes.EqualFold(bytes.TrimSuffix(host, port), bytes.TrimSuffix(q.Host, port))
}

// preflight answers OPTIONS: to a page of an allowed origin, what it may send
// (Fetch, section 3.2); to others, the methods.
func (r *reactor) preflight(c *conn, q *httpparse.Request) {
	fields := allowBayeux
	if r.server.endpoint(q.Path) == endpointPage {
		fields = allowPage
	}
	switch {
	case c.extra != nil:
		fields += "Access-Control-Allow-Methods: GET, POST\r\n" +
			"Access-Control-Allow-Headers: " + allowedHeaders(q.AccessControlRequestHeaders) + "\r\n" +
			"Access-Control-Max-Age: 86400\r\n"
	case len(q.Origin) > 0 && !sameOrigin(q, q.Origin):
		r.notAdmitted(q, q.Origin)
	}
	r.respond(c, response{status: 200, fields: fields})
}

// allowedHeaders are the fields that an allowed page may send: those that it asks
// for, since nothing here depends on them but what all may send, or the usual ones.
func allowedHeaders(asked []byte) string {
	const usual = "Accept, Authorization, Content-Type, Pragma, X-Requested-With"
	if len(asked) > maxHeadersAsked || !httpparse.TokenList(asked) {
		return usual
	}
	return string(asked)
}

// maxHeadersAsked bounds what is echoed of Access-Control-Request-Headers, in bytes.
const maxHeadersAsked = 1024

// mayCallBack tells whether the page of a script element may use callback-polling,
// which no browser asks about beforehand: it must be one that --allow-origin admits,
// or the server's own. The browser tells which page it is by Sec-Fetch-Site, Origin
// or Referer; old ones may tell nothing, nor do programs.
func (r *reactor) mayCallBack(q *httpparse.Request) bool {
	page := pageOrigin(q)
	site := string(q.SecFetchSite)
	switch {
	case r.server.origins.any != nil || site == "same-origin" || site == "none":
		return true
	case len(page) > 0:
		return sameOrigin(q, page) || r.server.origins.find(page) != nil
	case site == "" || site == "same-site":
		return r.server.cfg.CallbackUnnamed
	}
	return false
}

// fromAfar tells whether a browser says that a request for messages comes from a page of another site, which is not
// admitted. Forms, images and links send theirs unasked, and keeping the answer from the page would not undo what they
// did. Only Sec-Fetch-Site counts: where it is absent, a Host that a proxy has changed looks like another's as well.
func (r *reactor) fromAfar(q *httpparse.Request) bool {
	if string(q.SecFetchSite) != "cross-site" || r.server.origins.any != nil || q.Method == httpparse.MethodOPTIONS {
		return false
	}
	if place := r.server.endpoint(q.Path); place != endpointBayeux && place != endpointEvents {
		return false
	}
	page := pageOrigin(q)
	return len(page) == 0 || !sameOrigin(q, page) && r.server.origins.find(page) == nil
}

// pageOrigin is the origin of the page that a request comes from, as far as its
// browser tells.
func pageOrigin(q *httpparse.Request) []byte {
	if len(q.Origin) > 0 {
		return q.Origin
	}
	return originOf(q.Referer)
}

// originOf is the origin of a URL, nil if it has none.
func originOf(url []byte) []byte {
	scheme := bytes.Index(url, []byte("://"))
	if scheme < 0 {
		return nil
	}
	start := scheme + len("://")
	if end := bytes.IndexAny(url[start:], "/?#"); end >= 0 {
		return url[:start+end]
	}
	return url
}

// notAdmitted counts a page that was turned away, and logs it now and then, since
// the configuration may have forgotten it.
func (r *reactor) notAdmitted(q *httpparse.Request, page []byte) {
	r.counters.originsRefused++
	r.turnedAway++
	if now := r.now(); now >= r.tellTurnedAway {
		r.tellTurnedAway = now + turnedAwayEvery
		r.server.cfg.Log.Warn("page of an origin that --allow-origin does not admit",
			"origin", string(page[:min(len(page), maxOrigin)]), "host", string(q.Host), "times", r.turnedAway)
		r.turnedAway = 0
	}
}

// turnedAwayEvery is the least time between two log lines of pages turned away, in
// milliseconds.
const turnedAwayEvery = 60_000
