package loop

import (
	"bytes"

	"halley/httpparse"
)

// origins are those that may use the server from another origin's page.
type origins struct {
	any   bool
	named map[string]*extra // ready-made for requests that need no more
}

func newOrigins(allowed []string) origins {
	o := origins{named: make(map[string]*extra)}
	for _, origin := range allowed {
		if origin == "*" {
			o.any = true
			continue
		}
		o.named[origin] = &extra{origin: origin}
	}
	return o
}

// maxOrigin bounds what is echoed of an Origin field, in bytes.
const maxOrigin = 512

// crossOrigin notes the origin that the reply has to name: one that is allowed,
// and not the server's own.
func (r *reactor) crossOrigin(c *conn, q *httpparse.Request) {
	if len(q.Origin) == 0 || len(q.Origin) > maxOrigin || sameOrigin(q) {
		return
	}
	if known := r.server.origins.named[string(q.Origin)]; known != nil {
		c.extra = known
	} else if r.server.origins.any {
		c.extra = &extra{origin: string(q.Origin)}
	}
}

// sameOrigin tells whether the page that sent a request came from this server.
func sameOrigin(q *httpparse.Request) bool {
	_, host, ok := bytes.Cut(q.Origin, []byte("://"))
	return ok && bytes.EqualFold(host, q.Host)
}

// preflight answers OPTIONS: to a page of an allowed origin, what it may send
// (Fetch, section 3.2); to others, the methods.
func (r *reactor) preflight(c *conn, q *httpparse.Request) {
	fields := allowBayeux
	if r.server.endpoint(q.Path) == endpointPage {
		fields = allowPage
	}
	if c.extra != nil {
		fields += "Access-Control-Allow-Methods: GET, POST\r\n" +
			"Access-Control-Allow-Headers: Accept, Authorization, Content-Type, Pragma, X-Requested-With\r\n" +
			"Access-Control-Max-Age: 86400\r\n"
	}
	r.respond(c, response{status: 200, fields: fields})
}
