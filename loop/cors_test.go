package loop

import (
	"strings"
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
			want, vary, credentials := "", "", ""
			if c.allowed && text != post("[]") {
				want, vary, credentials = c.origin, "Origin", "true"
			}
			equal(t, got.Header.Get(allowOrigin), want)
			equal(t, got.Header.Get("Vary"), vary)
			equal(t, got.Header.Get(allowCredentials), credentials)
			equal(t, got.Header.Get("Access-Control-Max-Age") != "", want != "" && got.Header.Get("Allow") != "")
		}
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.AllowOrigin = []string{"*"} })
	got := dial(t, s).ask(request("OPTIONS", "/bayeux/x", "Origin: https://a.example",
		"Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type"))
	equal(t, got.StatusCode, 200)
	equal(t, got.Header.Get("Access-Control-Allow-Methods"), "GET, POST")
	equal(t, got.Header.Get("Access-Control-Allow-Headers"), "Accept, Authorization, Content-Type, Pragma, X-Requested-With")
	equal(t, got.Header.Get("Access-Control-Max-Age"), "86400")
	equal(t, got.Header.Get(allowCredentials), "true")
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
