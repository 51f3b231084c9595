package wire

import (
	"errors"
	"testing"
)

type responseRow struct {
	name   string
	bytes  string
	status int
	body   string
	cookie string
	close  bool
}

func responseRows() []responseRow {
	return []responseRow{
		{"content-length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", 200, "[]", "", false},
		{"case and space", "HTTP/1.1 200 OK\r\nCONTENT-length:2  \r\n\r\n[]", 200, "[]", "", false},
		{"empty body", "HTTP/1.1 408 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 408, "", "", true},
		{"no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, "", "", false},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", "", false},
		{"http/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", "", true},
		{"http/1.0 kept", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", 200, "x", "", false},
		{"cookie", "HTTP/1.1 200 OK\r\nSet-Cookie: B=1; Path=/\r\nSet-Cookie: C=2\r\nContent-Length: 0\r\n\r\n", 200, "", "B=1", false},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[{}\r\n1;x=y\r\n]\r\n0\r\n\r\n", 200, "[{}]", "", false},
		{"chunked, trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n", 200, "0123456789", "", false},
		{"chunked, empty", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "", "", false},
	}
}

func TestParseWholeAndFollowedByMore(t *testing.T) {
	for _, c := range responseRows() {
		for _, more := range []string{"", "HTTP/1.1 200 OK\r\n"} {
			r, n, err := Parse([]byte(c.bytes + more))
			if err != nil || n != len(c.bytes) {
				t.Errorf("%s: took %d of %d bytes, error %v", c.name, n, len(c.bytes), err)
				continue
			}
			if r.Status != c.status || string(r.Body) != c.body || string(r.Cookie) != c.cookie || r.Close != c.close {
				t.Errorf("%s: %d %q %q close=%v", c.name, r.Status, r.Body, r.Cookie, r.Close)
			}
		}
	}
}

func TestParseEveryPrefixIsIncomplete(t *testing.T) {
	for _, c := range responseRows() {
		for i := range len(c.bytes) {
			buf := []byte(c.bytes[:i])
			if _, n, err := Parse(buf); n != 0 || err != nil {
				t.Errorf("%s: prefix of %d bytes gave %d, %v", c.name, i, n, err)
			}
			if string(buf) != c.bytes[:i] {
				t.Errorf("%s: prefix of %d bytes was overwritten", c.name, i)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"HTTP/2 200 OK\r\n\r\n",
		"junk\r\n\r\n",
		"HTTP/1.1 abc OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n..",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc\r\n",
		string(make([]byte, maxHead+1)),
	} {
		if _, _, err := Parse([]byte(text)); !errors.Is(err, ErrResponse) {
			t.Errorf("%.40q: error %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range responseRows() {
		f.Add([]byte(c.bytes))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, n, err := Parse(data)
		if n < 0 || n > len(data) || len(r.Body) > len(data) || err != nil && n != 0 {
			t.Errorf("%d of %d bytes, body %d, error %v", n, len(data), len(r.Body), err)
		}
	})
}

func TestConditions(t *testing.T) {
	for fields, want := range map[string]string{
		"ETag: 3\r\nLast-Modified: then\r\n": "\r\nIf-Modified-Since: then\r\nIf-None-Match: 3", "Etag: \"x\"\r\n": "\r\nIf-None-Match: \"x\"", "": "",
	} {
		r, _, err := Parse([]byte("HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 0\r\n\r\n"))
		if got := r.Conditions(); err != nil || got != want {
			t.Errorf("%q: %q, %v", fields, got, err)
		}
	}
}
