package loop

import (
	"fmt"
	"strings"
	"testing"
)

// Every status comes at its cause, and says whether the connection lives on.
func TestStatuses(t *testing.T) { eachEncryption(t, testStatuses) }

func testStatuses(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) {
		c.MaxMessage, c.MaxHeader, c.MaxHeaderFields, c.MaxTarget = 1<<10, 4<<10, 20, 1<<10
		c.Pages = func(path string) (Page, bool) { return Page{Body: []byte("page")}, path == "/page" }
	})
	long := strings.Repeat("x", 8<<10)
	chunked := "Transfer-Encoding: chunked"
	for _, c := range []struct {
		name, request string
		status        int
		lives         bool
	}{
		{"no request line", "\r\n\r\n\r\n\r\n", 400, false},
		{"bare LF", "GET / HTTP/1.1\nHost: h\n\n", 400, false},
		{"control", "GET / HTTP/1.1\r\nHost: h\r\nA: \x00\r\n\r\n", 400, false},
		{"fold", "GET / HTTP/1.1\r\nHost: h\r\n b\r\n\r\n", 400, false},
		{"space before colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400, false},
		{"no host", "GET /page HTTP/1.1\r\n\r\n", 400, false},
		{"two hosts", request("GET", "/page", "Host: i"), 400, false},
		{"lengths", request("POST", "/bayeux", "Content-Length: 2", "Content-Length: 2"), 400, false},
		{"length sign", request("POST", "/bayeux", "Content-Length: +2"), 400, false},
		{"length and chunked", request("POST", "/bayeux", "Content-Length: 2", chunked), 400, false},
		{"chunked in 1.0", "POST /bayeux HTTP/1.0\r\n" + chunked + "\r\n\r\n0\r\n\r\n", 400, false},
		{"chunk size", request("POST", "/bayeux", chunked) + "g\r\n", 400, false},
		{"chunk end", request("POST", "/bayeux", chunked) + "2\r\n[]0\r\n\r\n", 400, false},
		{"not JSON", post("{"), 400, true},
		{"no message", post(""), 400, true},
		{"not UTF-8", post("{\"channel\":\"/a\xff\"}"), 400, true},
		{"field twice", post(`{"channel":"/a","Channel":"/b"}`), 400, true},
		{"form escape", post("message=%5"), 400, true},
		{"plain GET", request("GET", "/bayeux"), 400, true},
		{"no such path", request("GET", "/nothing"), 404, true},
		{"look-alike", request("POST", "/bayeuxx", "Content-Length: 0"), 404, true},
		{"encoded path", request("POST", "/%62ayeux", "Content-Length: 0"), 404, true},
		{"no such path, closed", request("GET", "/nothing", "Connection: close"), 404, false},
		{"no such path, HTTP/1.0", "GET /nothing HTTP/1.0\r\n\r\n", 404, false},
		{"no such path, body", request("POST", "/nothing", "Content-Length: 2") + "[]", 404, false},
		{"no such path, chunked", request("POST", "/nothing", chunked) + "0\r\n\r\n", 404, false},
		{"DELETE", request("DELETE", "/bayeux"), 405, true},
		{"PUT", request("PUT", "/bayeux", "Content-Length: 2") + "[]", 405, false},
		{"TRACE", request("TRACE", "/bayeux"), 405, true},
		{"POST of a page", request("POST", "/page", "Content-Length: 0"), 405, true},
		{"no length", request("POST", "/bayeux"), 411, false},
		{"declared too long", request("POST", "/bayeux", "Content-Length: 1025"), 413, false},
		{"huge length", request("POST", "/bayeux", "Content-Length: 999999999999999999"), 413, false},
		{"chunks too long", request("POST", "/bayeux", chunked) + "401\r\n" + long, 413, false},
		{"chunks grow too long", request("POST", "/bayeux", chunked) + "3ff\r\n" + long[:1023] + "\r\n2\r\nxx\r\n0\r\n\r\n", 413, false},
		{"target", request("GET", "/bayeux?message="+long[:1024]), 414, false},
		{"target without end", "GET /" + long, 414, false},
		{"compressed", postWith("/bayeux", "[]", "Content-Encoding: gzip"), 415, false},
		{"expectation", postWith("/bayeux", "[]", "Expect: tea"), 417, false},
		{"header bytes", request("GET", "/page", "A: "+long[:4096]), 431, false},
		{"header without end", "GET / HTTP/1.1\r\nHost: h\r\nA: " + long[:4096], 431, false},
		{"header fields", request("GET", "/page", strings.Split(strings.Repeat("A: b;", 20)[:99], ";")...), 431, false},
		{"transfer coding", request("POST", "/bayeux", "Transfer-Encoding: gzip, chunked"), 501, false},
		{"HTTP/2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, false},
		{"HTTP/1.2", "GET /page HTTP/1.2\r\nHost: h\r\n\r\n", 200, true},
		{"identity", postWith("/bayeux", "[]", "Content-Encoding: identity"), 200, true},
		{"empty lines first", "\r\n\r\n" + post("[]"), 200, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := dial(t, s)
			got := w.ask(c.request)
			equal(t, got.StatusCode, c.status)
			equal(t, got.Close, !c.lives)
			if c.status >= 400 {
				equal(t, got.Header.Get("Content-Type"), "text/plain;charset=utf-8")
			}
			if c.lives {
				equal(t, w.ask(post("[]")).body, "[]")
				return
			}
			w.mustClose()
		})
	}
}

// Input of any shape gives the same answer when it comes a byte at a time.
func TestByteByByte(t *testing.T) { eachEncryption(t, testByteByByte) }

func testByteByByte(t *testing.T, k socketKind) {
	s := k.start(t, nil)
	for _, text := range []string{
		post("[]"),
		postWith("/cometd/x", "[]", "Expect: 100-continue"),
		request("POST", "/bayeux", "Transfer-Encoding: chunked") + "1;a=b\r\n[\r\n1\r\n]\r\n0\r\nA: b\r\n\r\n",
		request("GET", "/bayeux?jsonp=f&message=%5B%5D"),
		"POST /bayeux HTTP/1.0\r\nContent-Length: 2\r\n\r\n[]",
	} {
		whole := dial(t, s)
		want := whole.ask(text)
		if want.StatusCode == 100 {
			want = whole.read()
		}
		w := dial(t, s)
		for i := range len(text) {
			w.send(text[i : i+1])
		}
		got := w.read()
		if got.StatusCode == 100 {
			got = w.read()
		}
		equal(t, got.StatusCode, 200)
		equal(t, got.body, want.body)
	}
}

// What is allowed is named with every refusal of a method.
func TestAllow(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) {
		c.Pages = func(path string) (Page, bool) { return Page{}, path == "/page" }
	})
	for _, c := range []struct {
		method, target string
		status         int
		allow          string
	}{
		{"DELETE", "/bayeux/connect", 405, "GET, POST, OPTIONS"},
		{"PATCH", "/page", 405, "GET, HEAD, OPTIONS"},
		{"OPTIONS", "/bayeux", 200, "GET, POST, OPTIONS"},
		{"OPTIONS", "/page", 200, "GET, HEAD, OPTIONS"},
		{"OPTIONS", "*", 200, "GET, POST, OPTIONS"},
		{"OPTIONS", "/nothing", 404, ""},
		{"CONNECT", "h:80", 404, ""},
	} {
		got := dial(t, s).ask(request(c.method, c.target))
		equal(t, fmt.Sprint(c.method, c.target, got.StatusCode), fmt.Sprint(c.method, c.target, c.status))
		equal(t, got.Header.Get("Allow"), c.allow)
	}
}
