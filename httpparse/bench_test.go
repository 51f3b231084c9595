package httpparse

import (
	"bufio"
	"bytes"
	_ "embed"
	"net/http"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// The two requests of the speed goals: what Chrome sends to poll, 454 bytes of head and 81 of body, and
// the least that a library sends, 148 bytes in all. They are files so that scripts/bench-parser can give
// them to a parser in C.
var (
	//go:embed testdata/browser.http
	browserRequest string
	//go:embed testdata/minimal.http
	minimalRequest string
)

var benchRequests = []struct{ name, text string }{{"browser", browserRequest}, {"minimal", minimalRequest}}

// TestBenchRequests keeps the two requests what they are said to be.
func TestBenchRequests(t *testing.T) {
	head, body, _ := strings.Cut(browserRequest, "\r\n\r\n")
	if len(head)+4 != 454 || len(body) != 81 || strings.Count(head, ": ") != 11 {
		t.Errorf("browser: head %d, body %d, fields %d", len(head)+4, len(body), strings.Count(head, ": "))
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
