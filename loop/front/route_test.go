package front

import (
	"fmt"
	"strings"
	"testing"

	"halley/httpparse"
)

// usual are settings as a server has them by default, with one page.
func usual() Settings {
	return Settings{
		Admission: Admission{Mounts: []string{"/bayeux", "/cometd"}, CallbackPolling: true, CallbackUnnamed: true},
		Cookie:    Cookie{CookieSameSite: "lax"}, MaxMessage: 1000, CountBrowsers: true,
		Pages: func(path string) (Page, bool) {
			return Page{ContentType: "text/html", Body: []byte("hello")}, path == "/" || path == "/page"
		},
	}
}

// ready is a Front of the usual settings, changed.
func ready(t testing.TB, change func(*Settings)) *Front {
	t.Helper()
	s := usual()
	if change != nil {
		change(&s)
	}
	f, err := After(new(Front), s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// parse parses a head: a request line without its version, and fields.
func parse(t testing.TB, line string, fields ...string) *httpparse.Request {
	t.Helper()
	version := " HTTP/1.1"
	if strings.HasSuffix(line, " HTTP/1.0") {
		version = ""
	}
	text := strings.Join(append([]string{line + version, "Host: h"}, fields...), "\r\n") + "\r\n\r\n"
	q, limits := new(httpparse.Request), httpparse.Limits{}
	if n, err := limits.Parse(q, []byte(text), 0); n != len(text) || err != nil {
		t.Fatalf("%q: %d, %v", text, n, err)
	}
	return q
}

// upgrade are the fields that a browser sends for a websocket.
func upgrade(more ...string) []string {
	return append([]string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}, more...)
}

// A request has an endpoint by its path, method and fields, or a status that refuses it,
// after which the connection ends or lives on.
func TestRoute(t *testing.T) {
	const length, chunked = "Content-Length: 2", "Transfer-Encoding: chunked"
	const stream = "Accept: text/event-stream"
	f := ready(t, nil)
	for _, c := range []struct {
		line     string
		fields   []string
		endpoint Endpoint
		status   int
		closes   bool
	}{
		{"POST /bayeux", []string{length}, LongPolling, 0, false},
		{"POST /cometd/handshake", []string{chunked}, LongPolling, 0, false},
		{"POST /bayeux", []string{"Content-Length: 1000"}, LongPolling, 0, false},
		{"POST /bayeux", []string{"Content-Length: 1001"}, None, 413, true},
		{"POST /bayeux", nil, None, 411, true},
		{"POST /bayeux", []string{length, "Content-Encoding: gzip"}, None, 415, true},
		{"POST /bayeux", []string{length, "Content-Encoding: Identity"}, LongPolling, 0, false},
		{"POST /bayeux", []string{"Content-Length: 0", "Content-Encoding: gzip"}, LongPolling, 0, false},
		{"GET /bayeux?message=%5B%5D", nil, CallbackPolling, 0, false},
		{"GET /bayeux?jsonp=f&message=%5B%5D", nil, CallbackPolling, 0, false},
		{"GET /bayeux?jsonp=f", nil, CallbackPolling, 400, false},
		{"GET /bayeux?jsonp=f()&message=%5B%5D", nil, CallbackPolling, 400, false},
		{"GET /bayeux/clientid", []string{stream}, EventSource, 0, false},
		{"GET /bayeux?tunnelInit=iframe", nil, Tunnel, 0, false},
		{"GET /bayeux", nil, None, 400, false},
		{"GET /bayeux", []string{length}, None, 400, true},
		{"GET /bayeux", upgrade(), WebSocket, 0, false},
		{"GET /bayeux", upgrade("Origin: http://h"), WebSocket, 0, false},
		{"GET /bayeux", upgrade("Origin: http://other"), WebSocket, 403, false},
		{"GET /bayeux", upgrade(length), WebSocket, 400, true},
		{"GET /bayeux", []string{"Upgrade: websocket"}, WebSocket, 400, false},
		{"PUT /bayeux", []string{length}, None, 405, true},
		{"DELETE /bayeux", nil, None, 405, false},
		{"HEAD /bayeux", nil, None, 405, false},
		{"GET /events?channel=/a", nil, Events, 0, false},
		{"POST /events", []string{length}, None, 405, true},
		{"GET /", nil, StaticPage, 0, false},
		{"HEAD /page", nil, StaticPage, 0, false},
		{"POST /page", []string{"Content-Length: 0"}, None, 405, false},
		{"GET /page", []string{"Content-Length: 1001"}, None, 413, true},
		{"GET /nothing", nil, None, 404, false},
		{"GET /nothing", []string{length}, None, 404, true},
		{"GET /bayeuxx", nil, None, 404, false},
		{"GET /%62ayeux", nil, None, 404, false},
		{"OPTIONS *", nil, Options, 0, false},
		{"OPTIONS /bayeux/x", nil, Options, 0, false},
		{"OPTIONS /nothing", nil, None, 404, false},
		{"CONNECT h:80", nil, None, 404, false},
	} {
		d := f.Route(parse(t, c.line, c.fields...))
		if d.Endpoint != c.endpoint || d.Refusal.Status != c.status || d.Refusal.Closes != c.closes {
			t.Errorf("%s %v: %+v", c.line, c.fields, d)
		}
		if (d.Refusal.Status == 0) != (d.Refusal.Text == "") {
			t.Errorf("%s %v: status %d says %q", c.line, c.fields, d.Refusal.Status, d.Refusal.Text)
		}
	}
}

// A mount takes all paths below it, the root all that there are.
func TestMounts(t *testing.T) {
	for _, c := range []struct {
		mounts      []string
		in, outside []string
	}{
		{[]string{"/bayeux", "/cometd"}, []string{"/bayeux", "/bayeux/", "/cometd/handshake", "/bayeux/a/b?c"}, []string{"/", "/bayeuxx", "/Bayeux", "/x/bayeux", "/bayeux.js"}},
		{[]string{"/a/b/"}, []string{"/a/b", "/a/b/", "/a/b/c"}, []string{"/a", "/a/", "/a/bc"}},
		{[]string{"/"}, []string{"/", "/page", "/events", "/any/thing"}, nil},
	} {
		f := ready(t, func(s *Settings) { s.Mounts = c.mounts })
		for _, path := range c.in {
			if d := f.Route(parse(t, "POST "+path, "Content-Length: 2")); d.Endpoint != LongPolling {
				t.Errorf("%s of %v: %+v", path, c.mounts, d)
			}
		}
		for _, path := range c.outside {
			if d := f.Route(parse(t, "POST "+path, "Content-Length: 2")); d.Refusal.Status != 404 && d.Refusal.Status != 405 {
				t.Errorf("%s beside %v: %+v", path, c.mounts, d)
			}
		}
	}
}

// Settings that no request could ever meet are refused, with the flag's name.
func TestSettings(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		"--mount: want at least one path": func(s *Settings) { s.Mounts = nil },
		`--mount "bayeux": want`:          func(s *Settings) { s.Mounts = []string{"/a", "bayeux"} },
		`--mount "/a?b": want`:            func(s *Settings) { s.Mounts = []string{"/a?b"} },
		`--mount "/events": event-streams`: func(s *Settings) {
			s.Mounts = []string{"/events/"}
		},
		"--cookie-same-site none": func(s *Settings) { s.CookieSameSite = "none" },
	} {
		s := usual()
		change(&s)
		if _, err := After(new(Front), s); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	given := usual()
	given.Mounts = []string{"/a/"}
	if _, err := After(new(Front), given); err != nil || given.Mounts[0] != "/a/" {
		t.Errorf("%v, %v: New has changed what it was given", given.Mounts, err)
	}
}

// A refusal of a method names those that are served.
func TestAllow(t *testing.T) {
	f := ready(t, nil)
	for line, allow := range map[string]string{
		"DELETE /bayeux/connect": "GET, POST, OPTIONS",
		"PATCH /page":            "GET, HEAD, OPTIONS",
		"DELETE /events":         "GET, OPTIONS",
		"GET /nothing":           "",
	} {
		fields := ""
		if allow != "" {
			fields = "Allow: " + allow + "\r\n"
		}
		if got := f.Route(parse(t, line)).Refusal.Fields; got != fields {
			t.Errorf("%s: %q", line, got)
		}
	}
}

// Who posts messages to a path that takes none is told which do; who looks for a page is not.
func TestHint(t *testing.T) {
	f := ready(t, nil)
	const hint = "Bayeux is spoken at /bayeux and /cometd"
	for line, text := range map[string]string{
		"POST /":         "Method Not Allowed: " + hint + "\n",
		"POST /events":   "Method Not Allowed: " + hint + "\n",
		"POST /faye":     "Not Found: " + hint + "\n",
		"GET /faye":      "Not Found\n",
		"DELETE /bayeux": "Method Not Allowed\n",
	} {
		if got := f.Route(parse(t, line)).Refusal.Text; got != text {
			t.Errorf("%s: %q", line, got)
		}
	}
}

// An admitted page of another origin is named whatever becomes of its request; the server's own never is.
func TestAdmittedOrigins(t *testing.T) {
	named, any := ready(t, func(s *Settings) { s.AllowOrigin = []string{"https://a.example"} }), ready(t, func(s *Settings) { s.AllowOrigin = []string{"*"} })
	for _, c := range []struct {
		f      *Front
		origin string
		fields string
	}{
		{named, "https://a.example", "Vary: Origin\r\nAccess-Control-Allow-Origin: https://a.example\r\nAccess-Control-Allow-Credentials: true\r\n"},
		{named, "https://b.example", "Vary: Origin\r\n"},
		{named, "http://h", "Vary: Origin\r\n"},
		{any, "https://b.example", "Vary: Origin\r\nAccess-Control-Allow-Origin: *\r\n"},
		{any, "http://h", "Vary: Origin\r\n"},
		{ready(t, nil), "https://a.example", ""},
	} {
		for _, line := range []string{"POST /bayeux", "GET /nothing", "DELETE /bayeux", "GET /page", "OPTIONS /bayeux"} {
			d := c.f.Route(parse(t, line, "Origin: "+c.origin))
			if got := string(c.f.AppendOrigin(nil, d.Origin)); got != c.fields {
				t.Errorf("%s of %s: %q", line, c.origin, got)
			}
			if strange := line == "OPTIONS /bayeux" && d.Origin == 0 && c.origin != "http://h"; d.NotAdmitted != strange {
				t.Errorf("%s of %s: not admitted: %v", line, c.origin, d.NotAdmitted)
			}
		}
	}
}

// What a page of another site sends unasked is refused before it does anything; its own requests, those of the site and
// of programs are served, as is what is asked for by an address that a person has typed, and as pages are.
func TestPagesFromAfar(t *testing.T) {
	const cross, evil = "Sec-Fetch-Site: cross-site", "Origin: https://evil.example"
	post, script := "POST /bayeux", "GET /bayeux?jsonp=f&message=%5B%5D"
	for _, c := range []struct {
		allowed []string
		line    string
		fields  []string
		refused bool
	}{
		{nil, post, []string{cross, evil}, true},
		{nil, post, []string{cross, "Origin: null"}, true},
		{nil, post, []string{cross}, true},
		{nil, script, []string{cross, "Referer: https://evil.example/page"}, true},
		{nil, "GET /events?channel=/a", []string{cross}, true},
		{[]string{"https://a.example"}, post, []string{cross, evil}, true},
		{[]string{"https://a.example"}, post, []string{cross, "Origin: https://a.example"}, false},
		{[]string{"https://a.example"}, script, []string{cross, "Referer: https://a.example/page"}, false},
		{[]string{"*"}, post, []string{cross, evil}, false},
		{nil, post, []string{cross, "Origin: http://h"}, false}, // by way of another site
		{nil, post, nil, false},
		{nil, post, []string{evil}, false}, // no word of the site: Host may be a proxy's
		{nil, post, []string{"Sec-Fetch-Site: same-origin", "Origin: https://public.example"}, false},
		{nil, post, []string{"Sec-Fetch-Site: same-site", "Origin: https://www.h"}, true}, // the browser's word, whatever Host is
		{nil, post, []string{"Sec-Fetch-Site: same-site"}, false},
		{[]string{"https://www.h"}, post, []string{"Sec-Fetch-Site: same-site", "Origin: https://www.h"}, false},
		{nil, post, []string{"Sec-Fetch-Site: none"}, false},
		{nil, "GET /page", []string{cross, "Referer: https://evil.example/page"}, false},
	} {
		f := ready(t, func(s *Settings) { s.AllowOrigin = c.allowed })
		d := f.Route(parse(t, c.line, append(c.fields, "Content-Length: 2")...))
		if (d.Refusal.Status == 403) != c.refused || d.NotAdmitted != c.refused || d.Refusal.Closes != c.refused {
			t.Errorf("%v %s %v: %+v", c.allowed, c.line, c.fields, d)
		}
	}
}

// A head that is parsed again when its body has come gets the same decision, without garbage.
func TestRouteIsPure(t *testing.T) {
	f := ready(t, func(s *Settings) { s.AllowOrigin = []string{"https://a.example"} })
	q := parse(t, "POST /bayeux/connect", "Content-Length: 2", "Origin: https://a.example", "Sec-Fetch-Site: same-site")
	first := f.Route(q)
	if again := f.Route(q); fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("%+v after %+v", again, first)
	}
	if n := testing.AllocsPerRun(100, func() { f.Route(q) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRoute(b *testing.B) {
	f := ready(b, func(s *Settings) { s.AllowOrigin = []string{"https://a.example"} })
	for name, q := range map[string]*httpparse.Request{
		"poll":    parse(b, "POST /cometd/connect", "Content-Length: 2"),
		"browser": parse(b, "POST /cometd/connect", "Content-Length: 2", "Origin: https://a.example", "Sec-Fetch-Site: cross-site"),
		"page":    parse(b, "GET /page"),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f.Route(q)
			}
		})
	}
}
