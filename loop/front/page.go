package front

import (
	"bytes"
	"strings"

	"halley/httpparse"
)

// Page is one static resource of the public listener.
type Page struct {
	ContentType string
	Body        []byte
	ETag        string // quoted, or empty
	Policy      string // a content security policy, empty but for pages that a browser shows
	Gzip        []byte // the body packed, for those who take it; nil where that gains nothing
}

// Answer is a response that carries no messages.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
	Fields      string // further header fields, each with its line end
}

// referrerPolicy has a page's requests name its origin alone, by which callback-polling is admitted.
const referrerPolicy = "Referrer-Policy: strict-origin\r\n"

// Page answers a request for a static page (RFC 9110, 9.1 MUST get-head).
func (f *Front) Page(q *httpparse.Request) Answer {
	page, _ := f.settings.Pages(string(q.Path))
	a := Answer{Status: 200, ContentType: page.ContentType, Body: page.Body,
		Fields: "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n"}
	if page.Policy != "" {
		a.Fields += "Content-Security-Policy: " + page.Policy + "\r\n" + referrerPolicy
	}
	tag := page.ETag
	if page.Gzip != nil {
		a.Fields += "Vary: Accept-Encoding\r\n"
		if acceptsGzip(q.AcceptEncoding) {
			a.Fields += "Content-Encoding: gzip\r\n"
			// Another body needs another tag (RFC 9110, 8.8.3.3).
			a.Body, tag = page.Gzip, strings.TrimSuffix(tag, `"`)+`-gzip"`
		}
	}
	if tag != "" {
		a.Fields += "ETag: " + tag + "\r\n"
		if matchesETag(q.IfNoneMatch, tag) {
			return Answer{Status: 304, Fields: a.Fields} // (RFC 9110, 15.4.5 MUST not-modified)
		}
	}
	return a
}

// matchesETag tells whether a list of entity tags names tag, by the weak
// comparison: proxies that compress make a tag weak (RFC 9110, 13.1.2 MUST if-none-match).
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
// "*", and not with a weight of zero (RFC 9110, 12.5.3 MUST NOT coding-of-zero).
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
