package httpparse

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// FuzzParse: whatever comes, in one piece or cut at any place, has one and the same outcome, and what is
// accepted lies within the buffer and keeps the rules that the rest of the server relies on.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		browserRequest, minimalRequest, get(), get() + get(), "\r\n\r\n" + get("X: y", " z"), request("GET http://a/b?c HTTP/1.0"),
		get("Content-Length: 1", "Transfer-Encoding: chunked"), "GET /\n", "\r\n\r\n\r", "OPTIONS * HTTP/1.9\r\nHost: [::1]:1\r\n\r\n",
		get("Expect: 100-continue", "Connection: a, close", "Upgrade: b"), "CONNECT a:1 HTTP/1.1\r\nHost:a\r\n\r\n",
	} {
		f.Add([]byte(seed), uint16(len(seed)/2), uint16(3))
	}
	small := Limits{MaxTarget: 30, MaxHeader: 150, MaxHeaderFields: 5}
	f.Fuzz(func(t *testing.T, in []byte, cut, second uint16) {
		for _, l := range []Limits{{}, small} {
			want := outcome(&l, in, len(in))
			a := int(cut) % (len(in) + 1)
			if got := outcome(&l, in, a, len(in)); got != want {
				t.Errorf("cut at %d: %s; whole: %s", a, got, want)
			}
			b := a + int(second)%(len(in)-a+1)
			if got := outcome(&l, in, a, b, len(in)); got != want {
				t.Errorf("cut at %d and %d: %s; whole: %s", a, b, got, want)
			}
		}
		checkAccepted(t, in)
	})
}

// outcome parses the first head of in when ever more of it is there, up to each of the ends.
func outcome(l *Limits, in []byte, ends ...int) string {
	var r Request
	prev := 0
	for _, end := range ends {
		n, err := l.Parse(&r, in[:end], prev)
		if err != nil {
			return describeError(err)
		}
		if n > 0 {
			return fmt.Sprintf("%d bytes: %s", n, describe(&r))
		}
		prev = end
	}
	return "partial"
}

// checkAccepted checks what the server takes for granted of a head that was accepted.
func checkAccepted(t *testing.T, in []byte) {
	var (
		l Limits
		r Request
	)
	n, err := l.Parse(&r, in, 0)
	if n == 0 || err != nil {
		return
	}
	head := in[:n]
	if !bytes.HasSuffix(head, []byte("\r\n\r\n")) || bytes.Count(head, []byte("\n")) != bytes.Count(head, []byte("\r\n")) ||
		bytes.Count(head, []byte("\r")) != bytes.Count(head, []byte("\r\n")) || bytes.Contains(head, []byte("\r\n ")) {
		t.Errorf("line ends: %q", head)
	}
	if r.Chunked && (r.ContentLength >= 0 || r.Minor == 0) {
		t.Errorf("length: %q", head)
	}
	if r.Minor > 0 && len(r.Host) == 0 || r.Method != MethodCONNECT && len(r.Path) == 0 {
		t.Errorf("host or path: %q", head)
	}
	for _, span := range [][]byte{r.Target, r.Host, r.ContentType, r.Origin, r.Cookie} {
		if !bytes.Contains(head, span) || bytes.ContainsAny(span, "\r\n\x00") {
			t.Errorf("span %q of %q", span, head)
		}
	}
	checkFields(t, &r, head)
}

// checkFields checks that the field lines of a head, read again, are those that the parser took.
func checkFields(t *testing.T, r *Request, head []byte) {
	lines, first := 0, make(map[string][]byte)
	r.Fields(func(name, value []byte) bool {
		lines++
		lower := strings.ToLower(string(name))
		if _, known := first[lower]; !known {
			first[lower] = value
		}
		return true
	})
	if most := bytes.Count(head, []byte("\r\n")) - leadingLines(head)/2 - 2; lines != most {
		t.Errorf("%d fields of %d lines: %q", lines, most, head)
	}
	for name, value := range map[string][]byte{
		"origin": r.Origin, "cookie": r.Cookie, "content-type": r.ContentType, "authorization": r.Authorization, "x-forwarded-for": r.XForwardedFor,
	} {
		if !bytes.Equal(first[name], value) {
			t.Errorf("%s is %q, and %q of %q", name, value, first[name], head)
		}
	}
}

// FuzzChunked: a body in pieces decodes as the whole does, never to more than its limit, and in no more
// bytes than it came in.
func FuzzChunked(f *testing.F) {
	for _, seed := range []string{
		"0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\nrest", "1;a=\"b\\\"\" ; c\r\nx\r\n0\r\nA: b\r\n\r\n", "ffffffffffffffff\r\n", "1\nx", "5\r\nabc",
	} {
		f.Add([]byte(seed), uint16(len(seed)/2), uint16(1))
	}
	f.Fuzz(func(t *testing.T, in []byte, cut, second uint16) {
		a := int(cut) % (len(in) + 1)
		b := a + int(second)%(len(in)-a+1)
		const limit = 64
		want := decode(limit, string(in))
		if got := decode(limit, string(in[:a]), string(in[a:])); got != want {
			t.Errorf("cut at %d: %s; whole: %s", a, got, want)
		}
		if got := decode(limit, string(in[:a]), string(in[a:b]), string(in[b:])); got != want {
			t.Errorf("cut at %d and %d: %s; whole: %s", a, b, got, want)
		}
		c := Chunked{MaxBody: limit}
		if out, n, _, _ := c.Decode(nil, in); len(out) > limit || n > len(in) || len(out) > n {
			t.Errorf("%d bytes of data from %d of %d", len(out), n, len(in))
		}
	})
}
