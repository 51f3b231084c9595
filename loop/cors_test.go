package loop

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
)

const (
	allowOrigin      = "Access-Control-Allow-Origin"
	allowCredentials = "Access-Control-Allow-Credentials"
)

func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	list := start(t, func(c *Config) { c.AllowOrigin = []string{"https://a.example", "http://b.example:81"} })
	any := start(t, func(c *Config) { c.AllowOrigin = []string{"*"} })
	none := start(t, nil)
	for _, c := range []struct {
		server  *Server
		origin  string
		allowed bool
	}{
		{list, "https://a.example", true},
		{list, "http://b.example:81", true},
		{list, "http://a.example", false},
		{list, "https://a.example.evil", false},
		{list, "https://A.example", false},
		{list, "null", false},
		{list, "http://h", false}, // the server's own
		{any, "https://anything.example", true},
		{any, "null", true},
		{any, "http://h", false},
		{none, "https://a.example", false},
	} {
		w := dial(t, c.server)
		for _, text := range []string{
			postWith("/bayeux", "[]", "Origin: "+c.origin),
			request("GET", "/bayeux?message=%5B%5D", "Origin: "+c.origin),
			postWith("/bayeux", "{", "Origin: "+c.origin), // a page must see its mistakes
			request("OPTIONS", "/bayeux", "Origin: "+c.origin, "Access-Control-Request-Method: POST"),
			post("[]"),
		} {
			got := w.ask(text)
			want, vary, credentials := "", "Origin", ""
			if c.server == none {
				vary = ""
			}
			if c.allowed && text != post("[]") {
				if want, credentials = c.origin, "true"; c.server == any {
					want, credentials = "*", ""
				}
			}
			equal(t, got.Header.Get(allowOrigin), want)
			equal(t, got.Header.Get("Vary"), vary)
			equal(t, got.Header.Get(allowCredentials), credentials)
			equal(t, got.Header.Get("Access-Control-Max-Age") != "", want != "" && got.Header.Get("Allow") != "")
		}
	}
}

// A page that is admitted sees why its request is refused, whatever refuses it.
func TestRefusalsNameTheOrigin(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.AllowOrigin = []string{"https://a.example"} })
	for _, c := range []struct {
		status int
		text   string
	}{
		{404, request("GET", "/nothing", "Origin: https://a.example")},
		{405, request("PUT", "/bayeux", "Origin: https://a.example")},
		{413, request("POST", "/bayeux", "Origin: https://a.example", "Content-Type: application/json", "Content-Length: 999999999")},
		{415, postWith("/bayeux", "[]", "Origin: https://a.example", "Content-Encoding: gzip")},
		{400, request("POST", "/bayeux", "Origin: https://a.example", "Content-Type: application/json", "Transfer-Encoding: chunked") + "x\r\n"},
	} {
		got := dial(t, s).ask(c.text)
		equal(t, got.StatusCode, c.status)
		equal(t, got.Header.Get(allowOrigin), "https://a.example")
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.AllowOrigin = []string{"*"} })
	got := dial(t, s).ask(request("OPTIONS", "/bayeux/x", "Origin: https://a.example",
		"Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type"))
	equal(t, got.StatusCode, 200)
	equal(t, got.Header.Get("Access-Control-Allow-Methods"), "GET, POST")
	equal(t, got.Header.Get("Access-Control-Max-Age"), "86400")
	const usual = "Accept, Authorization, Content-Type, Pragma, X-Requested-With"
	for asked, allowed := range map[string]string{
		"content-type": "content-type", "x-api-key, authorization": "x-api-key, authorization",
		"": usual, "a b": usual, "a,,b": usual, "a\"": usual, strings.Repeat("x", maxHeadersAsked+1): usual,
	} {
		got := dial(t, s).ask(request("OPTIONS", "/bayeux", "Origin: https://a.example", "Access-Control-Request-Headers: "+asked))
		equal(t, got.Header.Get("Access-Control-Allow-Headers"), allowed)
		got = dial(t, s).ask(request("OPTIONS", "/bayeux", "Origin: http://h", "Access-Control-Request-Headers: "+asked))
		equal(t, got.Header.Get("Access-Control-Allow-Headers"), "")
	}
}

// lockedBuffer is a log to write and read at once.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// A page that is turned away is counted, and told in the log once in a while.
func TestPagesTurnedAway(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s := start(t, func(c *Config) {
		c.AllowOrigin = []string{"https://a.example"}
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	w := dial(t, s)
	for range 3 {
		equal(t, w.ask(upgradeRequest("Origin: https://b.example\r\n")).StatusCode, 403)
	}
	equal(t, w.ask(request("OPTIONS", "/bayeux", "Origin: https://c.example")).StatusCode, 200)
	equal(t, w.ask(request("GET", "/bayeux?jsonp=f&message=%5B%5D", "Referer: https://d.example/page")).StatusCode, 403)
	equal(t, s.Stats().OriginsRefused, 5)
	equal(t, strings.Count(log.String(), "--allow-origin does not admit"), 1)
	equal(t, strings.Contains(log.String(), "origin=https://b.example"), true)
}

// Callback-polling passes by what browsers check of other requests, so the server
// checks which page it is for.
func TestCallbackOrigins(t *testing.T) {
	t.Parallel()
	list := start(t, func(c *Config) { c.AllowOrigin = []string{"https://a.example"} })
	any := start(t, func(c *Config) { c.AllowOrigin = []string{"*"} })
	strict := start(t, func(c *Config) { c.CallbackUnnamed = false })
	for _, c := range []struct {
		server *Server
		fields string
		status int
	}{
		{list, "", 200}, // an old browser, a program
		{list, "Sec-Fetch-Site: same-origin", 200},
		{list, "Sec-Fetch-Site: none", 200},
		{list, "Sec-Fetch-Site: same-site", 200},
		{list, "Sec-Fetch-Site: same-site;Referer: https://other.h/", 403},
		{list, "Sec-Fetch-Site: cross-site", 403},
		{list, "Sec-Fetch-Site: cross-site;Referer: https://a.example/page", 200},
		{list, "Sec-Fetch-Site: cross-site;Referer: https://a.example", 200},
		{list, "Sec-Fetch-Site: cross-site;Referer: https://a.example.evil/", 403},
		{list, "Sec-Fetch-Site: cross-site;Referer: https://evil/?https://a.example/", 403},
		{list, "Sec-Fetch-Site: cross-site;Referer: /https://a.example/", 403},
		{list, "Sec-Fetch-Site: cross-site;Origin: https://a.example", 200},
		{list, "Sec-Fetch-Site: cross-site;Origin: null;Referer: https://a.example/", 403},
		{list, "Referer: https://evil.example/page", 403},
		{list, "Referer: http://h/page", 200}, // the server's own
		{list, "Referer: http://h?x", 200},
		{list, "Origin: https://evil.example", 403},
		{any, "Sec-Fetch-Site: cross-site", 200},
		{any, "Referer: https://evil.example/page", 200},
		{strict, "", 403},
		{strict, "Sec-Fetch-Site: same-site", 403},
		{strict, "Sec-Fetch-Site: same-origin", 200},
		{strict, "Referer: http://h/page", 200},
	} {
		fields := strings.Split(c.fields, ";")
		if c.fields == "" {
			fields = nil
		}
		got := dial(t, c.server).ask(request("GET", "/bayeux?jsonp=f&message=%5B%5D", fields...))
		equal(t, fmt.Sprint(c.fields, got.StatusCode), fmt.Sprint(c.fields, c.status))
	}
}

// What a page of another site sends unasked is refused before it does anything; its own requests, those of the site and
// of programs are served, as is what is asked for by an address that a person has typed, and as pages are.
func TestPagesFromAfar(t *testing.T) {
	t.Parallel()
	body := "message=" + url.QueryEscape(handshakeMessage)
	form := func(fields ...string) string { return postWith("/bayeux", body, fields...) }
	get := func(path string, fields ...string) string { return request("GET", path, fields...) }
	const cross, evil = "Sec-Fetch-Site: cross-site", "Origin: https://evil.example"
	for _, c := range []struct {
		allowed []string
		text    string
		status  int
	}{
		{nil, form(cross, evil), 403},
		{nil, form(cross, "Origin: null"), 403},
		{nil, form(cross), 403},
		{nil, postWith("/bayeux/handshake", handshakeMessage, cross, evil), 403},
		{nil, get("/bayeux?"+body, cross, "Referer: https://evil.example/page"), 403},
		{nil, get("/events?channel=/a", cross), 403},
		{nil, get("/events?channel=/a", cross, evil), 403},
		{nil, "POST /bayeux HTTP/1.1\r\nHost: h\r\n" + cross + "\r\n" + evil + "\r\nContent-Length: 60000\r\n\r\n", 403}, // its body is not waited for
		{[]string{"https://a.example"}, form(cross, evil), 403},
		{[]string{"https://a.example"}, form(cross, "Origin: https://a.example"), 200},
		{[]string{"https://a.example"}, get("/bayeux?jsonp=f&"+body, cross, "Referer: https://a.example/page"), 200},
		{[]string{"*"}, form(cross, evil), 200},
		{nil, form(cross, "Origin: http://h"), 200}, // by way of another site
		{nil, form(), 200},
		{nil, form(evil), 200}, // no word of the site: Host may be a proxy's
		{nil, form("Sec-Fetch-Site: same-origin", "Origin: https://public.example"), 200},
		{nil, form("Sec-Fetch-Site: same-site", "Origin: https://www.h"), 200},
		{nil, form("Sec-Fetch-Site: none"), 200},
		{nil, get("/page", cross, "Referer: https://evil.example/page"), 200},
		{nil, request("OPTIONS", "/bayeux", cross, evil), 200},
	} {
		s := start(t, func(config *Config) {
			config.AllowOrigin = c.allowed
			config.Pages = func(path string) (Page, bool) {
				return Page{ContentType: "text/html", Body: []byte("hello")}, path == "/page"
			}
		})
		got := dial(t, s).ask(c.text)
		sessions := int64(0)
		if c.status == 200 && strings.Contains(c.text, "message=") {
			sessions = 1
		}
		stats := s.Stats()
		equal(t, fmt.Sprint(c.allowed, c.text, got.StatusCode, stats.Sessions), fmt.Sprint(c.allowed, c.text, c.status, sessions))
		equal(t, stats.OriginsRefused > 0, c.status == 403 || strings.HasPrefix(c.text, "OPTIONS"))
	}
}

// Without callback-polling the server neither offers nor serves it.
func TestCallbackPollingOff(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.CallbackPolling = false })
	w := dial(t, s)
	equal(t, w.ask(request("GET", "/bayeux?jsonp=f&message=%5B%5D", "Sec-Fetch-Site: same-origin")).StatusCode, 403)
	reply := w.bayeux(handshakeMessage)[0]
	equal(t, reply["successful"], true)
	if types := fmt.Sprint(reply["supportedConnectionTypes"]); strings.Contains(types, "callback") {
		t.Errorf("offered are %s", types)
	}
	reply = w.bayeux(strings.Replace(handshakeMessage, "long-polling", "callback-polling", 1))[0]
	equal(t, reply["error"], "301::connection_types_unsupported")
}

// The reply to a held poll names the origin of its request, not of another.
func TestHeldPollKeepsItsOrigin(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.AllowOrigin = 2, []string{"https://a.example", "*"} })
	home := dial(t, s)
	for _, origin := range []string{"https://a.example", "https://b.example", "https://c.example", ""} {
		w, id := dial(t, s), home.subscriber("/a")
		w.send(postWith("/bayeux", connect(id), "Origin: "+origin))
		eventually(t, func() bool { return isHeld(s, id) })
		home.ask(postWith("/bayeux", "[]", "Origin: https://other.example"))
		mustPublish(t, s, "/a", "1")
		got := w.read()
		if strings.HasPrefix(origin, "https://b") || strings.HasPrefix(origin, "https://c") {
			origin = "*"
		}
		equal(t, got.Header.Get(allowOrigin), origin)
		equal(t, w.ask(post("[]")).Header.Get(allowOrigin), "")
		home.bayeux(`{"channel":"/meta/disconnect","clientId":"` + id + `"}`)
	}
}

// An origin cannot bring header fields of its own.
func TestOriginIsNoHeader(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.AllowOrigin = []string{"*"} })
	w := dial(t, s)
	equal(t, w.ask(postWith("/bayeux", "[]", "Origin: https://a\rSet-Cookie: x")).StatusCode, 400)
	long := "https://a.example/" + strings.Repeat("x", maxOrigin)
	equal(t, dial(t, s).ask(postWith("/bayeux", "[]", "Origin: "+long)).Header.Get(allowOrigin), "")
}
