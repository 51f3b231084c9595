package httpparse

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// The two requests of the speed goals: what Chrome sends to poll, 454 bytes of head and 81 of body,
// and the least that a library sends, 148 bytes in all.
const (
	browserHead = "POST /cometd/connect HTTP/1.1\r\n" +
		"Host: ticker.example.com:8080\r\n" +
		"Connection: keep-alive\r\n" +
		"Content-Length: 81\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0\r\n" +
		"Content-Type: application/json;charset=UTF-8\r\n" +
		"Accept: */*\r\n" +
		"Origin: http://ticker.example.com:8080\r\n" +
		"Referer: http://ticker.example.com:8080/quotes\r\n" +
		"Accept-Encoding: gzip, deflate\r\n" +
		"Accept-Language: en-US,en;q=0.9\r\n" +
		"Cookie: BAYEUX_BROWSER=8x7f2k1m9q4w\r\n\r\n"
	connectMessage = `[{"id":"7","channel":"/meta/connect","clientId":"2k9x8f7c6v5b4n3m","advice":{} }]`
	browserRequest = browserHead + connectMessage

	minimalRequest = "POST /bayeux HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 81\r\n\r\n" +
		`[{"channel":"/meta/connect","clientId":"2k9x8f7c6v5b4n3m","id":"7","advice":{} }]`
)

var benchRequests = []struct{ name, text string }{{"browser", browserRequest}, {"minimal", minimalRequest}}

// TestBenchRequests keeps the two requests what they are said to be.
func TestBenchRequests(t *testing.T) {
	if len(browserHead) != 454 || len(connectMessage) != 81 || strings.Count(browserHead, ": ") != 11 {
		t.Errorf("browser: head %d, body %d, fields %d", len(browserHead), len(connectMessage), strings.Count(browserHead, ": "))
	}
	if len(minimalRequest) != 148 {
		t.Errorf("minimal: %d bytes", len(minimalRequest))
	}
	for _, r := range benchRequests {
		var l Limits
		if got := feed(&l, r.text); strings.Contains(got, "|") || strings.Contains(got, "partial") {
			t.Errorf("%s: %s", r.name, got)
		}
	}
}

// BenchmarkHead compares head parsers on the same requests in one run.
func BenchmarkHead(b *testing.B) {
	for _, r := range benchRequests {
		text := []byte(r.text)
		b.Run(r.name+"/halley", func(b *testing.B) { benchHalley(b, text) })
		b.Run(r.name+"/fasthttp", func(b *testing.B) { benchFasthttp(b, text) })
		b.Run(r.name+"/nethttp", func(b *testing.B) { benchNetHTTP(b, text) })
	}
}

func benchHalley(b *testing.B, text []byte) {
	var (
		l Limits
		r Request
	)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if n, err := l.Parse(&r, text, 0); n == 0 || err != nil {
			b.Fatal(n, err)
		}
	}
}

func benchFasthttp(b *testing.B, text []byte) {
	var h fasthttp.RequestHeader
	src := bytes.NewReader(text)
	in := bufio.NewReaderSize(src, 4096)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		src.Reset(text)
		in.Reset(src)
		if err := h.Read(in); err != nil || h.ContentLength() <= 0 || len(h.Host()) == 0 {
			b.Fatal(err)
		}
	}
}

func benchNetHTTP(b *testing.B, text []byte) {
	src := bytes.NewReader(text)
	in := bufio.NewReaderSize(src, 4096)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		src.Reset(text)
		in.Reset(src)
		if r, err := http.ReadRequest(in); err != nil || r.ContentLength <= 0 {
			b.Fatal(err)
		}
	}
}

// BenchmarkArrival shows that a head of 8 KiB costs little more when it comes in pieces: a call and at
// most four bytes looked at for each piece, and one parse at the end.
func BenchmarkArrival(b *testing.B) {
	text := []byte(request("GET / HTTP/1.1", "Host: a", strings.TrimSuffix(strings.Repeat("X-Field: "+strings.Repeat("v", 88)+"\r\n", 80), "\r\n")))
	for _, piece := range []struct {
		name string
		size int
	}{{"whole", len(text)}, {"512", 512}, {"16", 16}, {"1", 1}} {
		b.Run(piece.name, func(b *testing.B) { benchArrival(b, text, piece.size) })
	}
}

func benchArrival(b *testing.B, text []byte, size int) {
	var (
		l Limits
		r Request
	)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		for prev := 0; prev < len(text); {
			have := min(prev+size, len(text))
			n, err := l.Parse(&r, text[:have], prev)
			if err != nil || (n > 0) != (have == len(text)) {
				b.Fatal(n, err)
			}
			prev = have
		}
	}
}
