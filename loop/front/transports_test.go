package front

import (
	"strings"
	"testing"
)

// Every way to the server asks whose page it is: the server's own pages and admitted ones pass, other pages do not, and a
// request that names no page is a program's. Where the origin may be behind a proxy's Host, only what a browser says of
// another site counts.
func TestTransportsByOrigin(t *testing.T) {
	const body = "Content-Length: 2"
	transports := map[string]struct {
		line   string
		fields []string
	}{
		"websocket":        {"GET /bayeux", upgrade()},
		"eventsource":      {"GET /bayeux/id", []string{"Accept: text/event-stream"}},
		"events":           {"GET /events?channel=/a", nil},
		"long-polling":     {"POST /bayeux", []string{body}},
		"iframe":           {"GET /bayeux?tunnelInit=iframe", nil},
		"callback-polling": {"GET /bayeux?jsonp=f&message=%5B%5D", nil},
	}
	// long-polling stands for every batch in a body: xhr-streaming, multipart and the forever frame begin by it.
	const gets, posts, sockets, scripts = "eventsource events iframe", "long-polling", "websocket", "callback-polling"
	const all = gets + " " + posts + " " + sockets + " " + scripts
	fronts := map[string]*Front{
		"none":  ready(t, nil),
		"named": ready(t, func(s *Settings) { s.AllowOrigin = []string{"https://a.example"} }),
		"any":   ready(t, func(s *Settings) { s.AllowOrigin = []string{"*"} }),
	}
	for _, c := range []struct {
		fields  string // by which the page is known
		refused map[string]string
	}{
		{"", nil},
		{"Sec-Fetch-Site: same-origin", nil},
		{"Sec-Fetch-Site: none", nil},
		{"Origin: http://h", nil},
		{"Sec-Fetch-Site: same-origin;Origin: https://public.example", nil},
		{"Sec-Fetch-Site: same-site", nil},
		{"Referer: http://h/page", nil},
		{"Origin: https://a.example", map[string]string{"none": gets + " " + sockets + " " + scripts}},
		{"Sec-Fetch-Site: cross-site;Origin: https://a.example", map[string]string{"none": all}},
		{"Sec-Fetch-Site: same-site;Origin: https://a.example", map[string]string{"none": all}},
		{"Origin: https://b.example", map[string]string{"none": gets + " " + sockets + " " + scripts, "named": gets + " " + sockets + " " + scripts}},
		{"Origin: null", map[string]string{"none": gets + " " + sockets + " " + scripts, "named": gets + " " + sockets + " " + scripts}},
		{"Sec-Fetch-Site: cross-site;Origin: https://b.example", map[string]string{"none": all, "named": all}},
		{"Sec-Fetch-Site: same-site;Origin: https://b.example", map[string]string{"none": all, "named": all}},
		{"Sec-Fetch-Site: same-site;Referer: https://b.example/x", map[string]string{"none": all, "named": all}},
		{"Sec-Fetch-Site: cross-site;Referer: https://b.example/x", map[string]string{"none": all, "named": all}},
		{"Sec-Fetch-Site: cross-site;Referer: https://a.example/x", map[string]string{"none": all}},
		{"Sec-Fetch-Site: cross-site", map[string]string{"none": all, "named": all}},
		{"Referer: https://b.example/x", map[string]string{"none": scripts, "named": scripts}},
	} {
		for list, f := range fronts {
			for name, to := range transports {
				fields := to.fields
				if c.fields != "" {
					fields = append(strings.Split(c.fields, ";"), fields...)
				}
				refused := strings.Contains(c.refused[list], name)
				d := f.Route(parse(t, to.line, fields...))
				if got := d.Refusal.Status == 403; got != refused || got != d.NotAdmitted || !got && d.Refusal.Status != 0 {
					t.Errorf("%s with %q where %s is allowed: %+v", name, c.fields, list, d)
				}
			}
		}
	}
}

// Cookies count of the server's own pages, of admitted ones and of programs. Never of a script element, which any page can
// have, nor of pages that nobody admits or * alone: over plain HTTP no browser says Sec-Fetch-Site, and a POST of such a page
// comes through.
func TestCookieless(t *testing.T) {
	fronts := map[string]*Front{
		"named": ready(t, func(s *Settings) { s.AllowOrigin = []string{"https://a.example"} }),
		"both":  ready(t, func(s *Settings) { s.AllowOrigin = []string{"https://a.example", "*"} }),
	}
	for _, c := range []struct {
		list, line, fields string
		want               bool
	}{
		{"named", "GET /bayeux?message=%5B%5D", "", true},
		{"named", "GET /bayeux?message=%5B%5D", "Sec-Fetch-Site: same-origin", true},
		{"named", "GET /events", "", false},
		{"named", "GET /events", "Sec-Fetch-Site: same-origin", false},
		{"named", "GET /events", "Origin: https://a.example", false},
		{"named", "POST /bayeux", "Content-Length: 0", false},
		{"named", "POST /bayeux", "Origin: http://h;Content-Length: 0", false},
		{"named", "POST /bayeux", "Origin: https://a.example;Content-Length: 0", false},
		{"named", "POST /bayeux", "Origin: http://proxied;Sec-Fetch-Site: same-origin;Content-Length: 0", false},
		{"named", "POST /bayeux", "Origin: http://evil.example;Content-Length: 0", true},
		{"named", "POST /bayeux", "Origin: null;Content-Length: 0", true},
		{"named", "POST /bayeux", "Referer: http://evil.example/x;Content-Length: 0", true},
		{"named", "GET /events", "Referer: http://evil.example/x", false}, // a script cannot read the answer
		{"both", "GET /events", "", false},
		{"both", "GET /events", "Origin: http://h", false},
		{"both", "GET /events", "Sec-Fetch-Site: same-origin", false},
		{"both", "GET /events", "Sec-Fetch-Site: none", false},
		{"both", "GET /events", "Origin: https://a.example", false},
		{"both", "GET /events", "Origin: https://b.example", true},
		{"both", "GET /events", "Origin: null", true},
		{"both", "GET /events", "Sec-Fetch-Site: cross-site", true},
		{"both", "GET /events", "Sec-Fetch-Site: same-site", true},
		{"both", "GET /events", "Sec-Fetch-Site: cross-site;Referer: https://a.example/x", false},
	} {
		var fields []string
		if c.fields != "" {
			fields = strings.Split(c.fields, ";")
		}
		if d := fronts[c.list].Route(parse(t, c.line, fields...)); d.Refusal.Status != 0 || d.Cookieless != c.want {
			t.Errorf("%s, %s with %q: %+v", c.list, c.line, c.fields, d)
		}
	}
}

// A page from the internet may reach a server of a private network if it is admitted, and its browser asks.
func TestPrivateNetwork(t *testing.T) {
	const asks, answer = "Access-Control-Request-Private-Network: true", "Access-Control-Allow-Private-Network: true\r\n"
	named := ready(t, func(s *Settings) { s.AllowOrigin = []string{"https://a.example"} })
	any := ready(t, func(s *Settings) { s.AllowOrigin = []string{"*"} })
	for _, c := range []struct {
		f              *Front
		origin, fields string
		want           bool
	}{
		{named, "https://a.example", asks, true},
		{named, "https://a.example", strings.ToLower(asks), true},
		{named, "https://a.example", "X: y", false},
		{named, "https://a.example", "Access-Control-Request-Private-Network: false", false},
		{named, "https://b.example", asks, false},
		{named, "http://h", asks, false},
		{any, "https://b.example", asks, true},
	} {
		q := parse(t, "OPTIONS /bayeux", "Origin: "+c.origin, c.fields)
		if got := c.f.Preflight(q, c.f.Route(q).Origin); strings.Contains(got, answer) != c.want {
			t.Errorf("%s with %s: %q", c.origin, c.fields, got)
		}
	}
}

// A page goes out with its policy, and is not sniffed; what is no page needs no policy.
func TestPolicies(t *testing.T) {
	known := map[string]Page{"/": {ContentType: "text/html", Policy: "default-src 'none'"}, "/x": {ContentType: "text/css"}}
	f := ready(t, func(s *Settings) { s.Pages = func(path string) (Page, bool) { p, ok := known[path]; return p, ok } })
	for path, want := range map[string]bool{"/": true, "/x": false} {
		got := f.Page(parse(t, "GET "+path)).Fields
		if strings.Contains(got, "Content-Security-Policy: default-src 'none'\r\n"+referrerPolicy) != want || !strings.Contains(got, "nosniff") {
			t.Errorf("%s: %q", path, got)
		}
	}
}
