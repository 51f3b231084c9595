package loop

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// 100 Continue comes when the body is awaited, and only then.
func TestContinue(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.MaxMessage = 1 << 10 })
	expect := "Expect: 100-continue"
	w := dial(t, s)
	for range 2 {
		equal(t, w.ask(request("POST", "/bayeux", expect, "Content-Length: 2")).StatusCode, 100)
		equal(t, w.ask("[]").body, "[]")
		equal(t, w.ask(request("POST", "/bayeux", expect, "Transfer-Encoding: chunked")).StatusCode, 100)
		equal(t, w.ask("2\r\n[]\r\n0\r\n\r\n").body, "[]")
	}
	equal(t, w.ask(postWith("/bayeux", "[]", expect)).body, "[]")
	equal(t, w.ask("POST /bayeux HTTP/1.0\r\nConnection: keep-alive\r\n"+expect+"\r\nContent-Length: 2\r\n\r\n[]").body, "[]")
	got := w.ask(request("POST", "/bayeux", expect, "Content-Length: 1025"))
	equal(t, got.StatusCode, 413)
	w.mustEnd()
}

// A connection lives on as its version and Connection field say.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, c := range []struct {
		version, connection, answered string
	}{
		{"1.1", "", ""},
		{"1.1", "closet, upgrade-close", ""},
		{"1.1", "foo , Close", "close"},
		{"1.1", "keep-alive", ""},
		{"1.0", "", "close"},
		{"1.0", "Keep-Alive", "keep-alive"},
		{"1.0", "keep-alive, close", "close"},
	} {
		w := dial(t, s)
		text := fmt.Sprintf("POST /bayeux HTTP/%s\r\nHost: h\r\nConnection: %s\r\nContent-Length: 2\r\n\r\n[]", c.version, c.connection)
		w.send(text + text)
		got := w.read()
		equal(t, got.body, "[]")
		equal(t, len(got.TransferEncoding), 0)
		if c.answered == "close" {
			equal(t, got.Close, true)
			w.mustEnd()
			continue
		}
		equal(t, got.Header.Get("Connection"), c.answered)
		equal(t, w.read().body, "[]")
	}
}

func TestAbsoluteForm(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	w := dial(t, s)
	equal(t, w.ask(postWith("http://other:80/bayeux/x?y", "[]")).body, "[]")
	equal(t, w.ask(request("GET", "http://other/nothing")).StatusCode, 404)
}

func TestPages(t *testing.T) {
	t.Parallel()
	pages := map[string]Page{
		"/":     {ContentType: "text/html", Body: []byte("<p>hello"), ETag: `"one"`},
		"/x.js": {ContentType: "text/javascript", Body: []byte("x()")},
	}
	s := start(t, func(c *Config) { c.Pages = func(path string) (Page, bool) { p, ok := pages[path]; return p, ok } })
	w := dial(t, s)
	got := w.ask(request("GET", "/?query"))
	equal(t, got.body, "<p>hello")
	equal(t, got.Header.Get("Content-Type"), "text/html")
	equal(t, got.Header.Get("Etag"), `"one"`)
	equal(t, got.Header.Get("X-Content-Type-Options"), "nosniff")
	for tag, status := range map[string]int{`"one"`: 304, `W/"one"`: 304, `"zero" , "one"`: 304, `*`: 304, `"two"`: 200, `one`: 200, "": 200} {
		got = w.ask(request("GET", "/", "If-None-Match: "+tag))
		equal(t, fmt.Sprint(tag, got.StatusCode), fmt.Sprint(tag, status))
		equal(t, got.Header.Get("Etag"), `"one"`)
		equal(t, got.body == "", status == 304)
		equal(t, got.Header.Get("Content-Length") == "", status == 304)
	}
	head := w.askHead("/")
	equal(t, head.StatusCode, 200)
	equal(t, head.ContentLength, len("<p>hello"))
	equal(t, head.Header.Get("Content-Type"), "text/html")
	equal(t, w.askHead("/", `If-None-Match: "one"`).StatusCode, 304)
	got = w.ask(request("GET", "/x.js"))
	equal(t, got.body, "x()")
	equal(t, got.Header.Get("Etag"), "")
	for _, c := range []struct {
		target string
		status int
	}{{"/bayeux", 405}, {"/nothing", 404}} {
		w := dial(t, s)
		equal(t, w.askHead(c.target).StatusCode, c.status)
		equal(t, w.ask(request("GET", "/x.js")).body, "x()")
	}
}

// The deadlines of a header block and of a body count from their first byte,
// however the rest trickles in.
func TestDeadlinesOfTricklers(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]string{
		"header":  "POST /bayeux HTTP/1.1\r\nHost: h\r\nA: ",
		"body":    request("POST", "/bayeux", "Content-Length: 1000"),
		"chunked": request("POST", "/bayeux", "Transfer-Encoding: chunked") + "ff\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, now := startStill(t, func(c *Config) {
				c.HeaderTimeout, c.BodyTimeout, c.IdleTimeout = 600*time.Millisecond, 600*time.Millisecond, time.Hour
			})
			w := dial(t, s)
			equal(t, w.ask(post("[]")).body, "[]") // a request before changes nothing
			w.send(first)
			stop := make(chan struct{})
			go func() {
				for range 100 { // which is neither all that is due nor a deadline after the last one
					select {
					case <-stop:
						return
					case <-time.After(10 * time.Millisecond):
						w.Write([]byte("x"))
						now.Add(50)
					}
				}
			}()
			got := w.read()
			close(stop)
			equal(t, got.StatusCode, 408)
			equal(t, got.Close, true)
			w.mustClose()
		})
	}
}

// A connection without a request is closed without a word: a new one after the
// time of a header block, a used one after the idle time.
func TestIdleConnectionsClose(t *testing.T) {
	t.Parallel()
	s, now := startStill(t, func(c *Config) { c.HeaderTimeout, c.IdleTimeout = 200*time.Millisecond, 200*time.Millisecond })
	fresh, used, holds := dial(t, s), dial(t, s), dial(t, s)
	equal(t, used.ask(post("[]")).body, "[]")
	id := holds.subscriber("/a")
	holds.holdConnect(s, id)
	eventually(t, func() bool { return s.Stats().Connections == 3 })
	now.Add(500)
	fresh.mustEnd()
	used.mustEnd()
	mustPublish(t, s, "/a", "1")
	equal(t, events(holds.messages()), []string{"1"}) // a held poll is not idle
	equal(t, s.Stats().Held, 0)                       // the loop has done all that belongs to its reply
	now.Add(500)
	holds.mustEnd()
}

// An error at request k follows the answers to those before it, even if one of
// them is held; all that is in flight behind it does not take it back.
func TestErrorAtRequestK(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for name, c := range map[string]struct {
		bad    string
		status int
	}{
		"not HTTP":  {"BAD\r\n\r\n", 400},
		"too long":  {request("POST", "/bayeux", "Content-Length: 9999999"), 413},
		"no path":   {request("PUT", "/nothing", "Content-Length: 200000"), 404},
		"bad chunk": {request("POST", "/bayeux", "Transfer-Encoding: chunked") + "x\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			w := dial(t, s)
			w.send(strings.Repeat(post("[]"), 20) + c.bad)
			go w.Write(make([]byte, 200_000))
			for range 20 {
				equal(t, w.read().body, "[]")
			}
			equal(t, w.read().StatusCode, c.status)
			w.mustEnd()
		})
	}
	w := dial(t, s)
	id := w.subscriber("/a")
	w.send(post(connect(id)) + "BAD\r\n\r\n")
	eventually(t, func() bool { return s.Stats().Held == 1 })
	mustPublish(t, s, "/a", "1")
	equal(t, events(w.messages()), []string{"1"})
	equal(t, w.read().StatusCode, 400)
}
