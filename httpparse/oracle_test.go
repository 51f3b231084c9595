package httpparse

import (
	"bufio"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestAgreesWithFasthttp puts heads together at random from good and bad parts. Whatever halley accepts,
// fasthttp must accept, and see the same method, path, host and length in it: two readers that differ
// over a request are what smuggling is made of.
func TestAgreesWithFasthttp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	for range 30000 {
		head := randomHead(random)
		var (
			l Limits
			r Request
		)
		if n, err := l.Parse(&r, []byte(head), 0); n != len(head) || err != nil {
			continue
		}
		accepted++
		var h fasthttp.RequestHeader
		if err := h.Read(bufio.NewReader(strings.NewReader(head))); err != nil {
			if r.Target[0] == 'h' && strings.Contains(err.Error(), "missing required host header") {
				continue // an empty Host beside an absolute-form, which RFC 9112, 3.2.2, has servers ignore
			}
			t.Fatalf("fasthttp: %v\n%q", err, head)
		}
		compareHeads(t, head, &r, &h)
	}
	if accepted < 3000 {
		t.Errorf("only %d heads were accepted", accepted)
	}
}

func compareHeads(t *testing.T, head string, r *Request, h *fasthttp.RequestHeader) {
	t.Helper()
	if m := methodNames[r.Method]; r.Method != MethodOther && m != string(h.Method()) {
		t.Fatalf("method %s, fasthttp %s\n%q", m, h.Method(), head)
	}
	if string(r.Target) != string(h.RequestURI()) {
		t.Fatalf("target %q, fasthttp %q\n%q", r.Target, h.RequestURI(), head)
	}
	if r.Target[0] == '/' && string(r.Host) != string(h.Host()) {
		t.Fatalf("host %q, fasthttp %q\n%q", r.Host, h.Host(), head)
	}
	want := int(r.ContentLength)
	if r.Chunked {
		want = -1 // fasthttp's sign for it
	}
	if got := h.ContentLength(); got != want && (want >= 0 || got > 0 || r.Chunked) {
		t.Fatalf("length %d, fasthttp %d\n%q", want, got, head)
	}
	if r.KeepAlive == h.ConnectionClose() {
		t.Fatalf("keep-alive %v, fasthttp close %v\n%q", r.KeepAlive, h.ConnectionClose(), head)
	}
}

func randomHead(random *rand.Rand) string {
	pick := func(parts ...string) string { return parts[random.IntN(len(parts))] }
	end := func() string {
		if random.IntN(60) == 0 {
			return pick("\n", "\r", "\r\r\n", "\n\r", " \r\n", "\r\n ")
		}
		return "\r\n"
	}
	var s strings.Builder
	s.WriteString(pick("GET", "POST", "POST", "PUT", "OPTIONS", "HEAD", "DELETE", "get", "M-X", "G T") + " ")
	s.WriteString(pick("/", "/a/b", "/a?b=c&d=%41", "/a%20b", "//x", "/", "*", "http://t:1/p", "/a b", "/\xff", "a") + " ")
	s.WriteString(pick("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0") + end())
	if random.IntN(4) > 0 {
		s.WriteString(pick("Host: a.example", "HOST:b:8080", "host: [::1]:80 ", "Host: ") + end())
	}
	for range random.IntN(4) {
		s.WriteString(pick("Content-Length", "content-length", "Transfer-Encoding", "Connection", "X-Y", "Content-Type", "Cookie", "X_Y",
			"Host", "Ho st", "Content-Length ", ""))
		s.WriteString(pick(":", ": ", ":\t", ": ", ": ", " :"))
		s.WriteString(pick("0", "7", "007", "7 ", "+7", "7, 7", "chunked", "Chunked", "gzip, chunked", "close", "keep-alive", "Close, x",
			"text/plain", "", "a b", "a\tb", "a\x00b"))
		s.WriteString(end())
	}
	return s.String() + "\r\n"
}
