package loop

import (
	"bytes"
	"strings"

	"halley/httpparse"
)

// endpoint says which part of the public listener a path belongs to.
type endpoint uint8

const (
	endpointNone   endpoint = iota
	endpointServer          // OPTIONS *
	endpointBayeux
	endpointEvents
	endpointPage
)

// endpoint finds the part of the public listener that a path belongs to.
func (s *Server) endpoint(path []byte) endpoint {
	if string(path) == "*" {
		return endpointServer
	}
	for _, mount := range s.cfg.Mounts {
		if rest, ok := bytes.CutPrefix(path, []byte(mount)); ok && (len(rest) == 0 || rest[0] == '/' || mount == "/") {
			return endpointBayeux
		}
	}
	if string(path) == "/events" {
		return endpointEvents
	}
	if s.cfg.Pages != nil {
		if _, ok := s.cfg.Pages(string(path)); ok {
			return endpointPage
		}
	}
	return endpointNone
}

const (
	allowBayeux = "Allow: GET, POST, OPTIONS\r\n"
	allowEvents = "Allow: GET, OPTIONS\r\n"
	allowPage   = "Allow: GET, HEAD, OPTIONS\r\n"
)

// precheck finds out from the head alone that a request will be refused, so that
// its body is never waited for. A status of 0 means go on.
func (r *reactor) precheck(q *httpparse.Request) (status int, field string) {
	place := r.server.endpoint(q.Path)
	hasBody := q.Chunked || q.ContentLength > 0
	switch {
	case place == endpointNone:
		return 404, ""
	case q.Method == httpparse.MethodOPTIONS:
	case place == endpointServer:
		return 405, "Allow: OPTIONS\r\n"
	case place == endpointBayeux && q.Method != httpparse.MethodPOST && q.Method != httpparse.MethodGET:
		return 405, allowBayeux
	case place == endpointEvents && q.Method != httpparse.MethodGET:
		return 405, allowEvents
	case place == endpointPage && q.Method != httpparse.MethodGET && q.Method != httpparse.MethodHEAD:
		return 405, allowPage
	case q.Method == httpparse.MethodPOST && !q.Chunked && q.ContentLength < 0:
		return 411, ""
	case hasBody && len(q.ContentEncoding) > 0 && !strings.EqualFold(string(q.ContentEncoding), "identity"):
		return 415, "Accept-Encoding: identity\r\n"
	}
	if q.ContentLength > int64(r.server.cfg.MaxMessage) {
		return 413, ""
	}
	return 0, ""
}

// dispatch hands a whole request to what its path names.
func (r *reactor) dispatch(c *conn, q *httpparse.Request, data []byte) {
	switch {
	case q.Method == httpparse.MethodOPTIONS:
		r.preflight(c, q)
	case r.server.endpoint(q.Path) == endpointPage:
		r.page(c, q)
	case r.server.endpoint(q.Path) == endpointEvents:
		r.events(c, q)
	case q.Method == httpparse.MethodPOST:
		r.longPoll(c, q, data)
	default:
		r.get(c, q)
	}
}

// page serves a static page.
func (r *reactor) page(c *conn, q *httpparse.Request) {
	page, ok := r.server.cfg.Pages(string(q.Path))
	if !ok {
		r.fail(c, 404, "")
		return
	}
	fields := "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n"
	if page.Gzip != nil {
		fields += "Vary: Accept-Encoding\r\n"
		if acceptsGzip(q.AcceptEncoding) {
			fields += "Content-Encoding: gzip\r\n"
			// Another body needs another tag (RFC 9110, section 8.8.3.3).
			page.Body, page.ETag = page.Gzip, strings.TrimSuffix(page.ETag, `"`)+`-gzip"`
		}
	}
	if page.ETag != "" {
		fields += "ETag: " + page.ETag + "\r\n"
		if matchesETag(q.IfNoneMatch, page.ETag) {
			r.respond(c, response{status: 304, fields: fields})
			return
		}
	}
	r.respond(c, response{status: 200, contentType: page.ContentType, body: page.Body, fields: fields})
}

// matchesETag tells whether a list of entity tags names tag, by the weak
// comparison: proxies that compress make a tag weak (RFC 9110, section 13.1.2).
func matchesETag(list []byte, tag string) bool {
	for element := range bytes.SplitSeq(list, []byte(",")) {
		element = bytes.TrimPrefix(bytes.Trim(element, " \t"), []byte("W/"))
		if string(element) == tag || string(element) == "*" {
			return true
		}
	}
	return false
}

// acceptsGzip tells whether a list of content codings admits gzip: by its name, else by
// "*", and not with a weight of zero (RFC 9110, section 12.5.3).
func acceptsGzip(list []byte) bool {
	accepted := false
	for element := range bytes.SplitSeq(list, []byte(",")) {
		coding, weight, _ := bytes.Cut(element, []byte(";"))
		coding = bytes.TrimSpace(coding)
		named := bytes.EqualFold(coding, []byte("gzip"))
		if !named && string(coding) != "*" {
			continue
		}
		_, value, weighted := bytes.Cut(weight, []byte("="))
		accepted = !weighted || len(bytes.Trim(value, " \t0.")) > 0
		if named {
			return accepted
		}
	}
	return accepted
}
