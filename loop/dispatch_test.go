package loop

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"

	"halley/loop/front"
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
	s, _ := startStill(t, func(c *Config) {
		c.AllowOrigin = []string{"https://a.example"}
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	w := dial(t, s)
	for range 3 {
		equal(t, w.ask(upgradeRequest("Origin: https://b.example\r\n")).StatusCode, 403)
	}
	equal(t, w.ask(request("OPTIONS", "/bayeux", "Origin: https://c.example")).StatusCode, 200)
	equal(t, w.ask(request("GET", "/bayeux?jsonp=f&message=%5B%5D", "Referer: https://d.example/page")).StatusCode, 403)
	cross := []string{"Sec-Fetch-Site: cross-site", "Origin: https://e.example"}
	equal(t, w.ask(postWith("/bayeux", "message="+url.QueryEscape(handshakeMessage), cross...)).StatusCode, 403)
	equal(t, s.Stats().OriginsRefused, 6)
	equal(t, s.Stats().Sessions, 0)
	equal(t, strings.Count(log.String(), "--allow-origin does not admit"), 1)
	equal(t, strings.Contains(log.String(), "origin=https://b.example"), true)
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
	long := "https://a.example/" + strings.Repeat("x", front.MaxOrigin)
	equal(t, dial(t, s).ask(postWith("/bayeux", "[]", "Origin: "+long)).Header.Get(allowOrigin), "")
}
