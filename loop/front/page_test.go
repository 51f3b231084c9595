package front

import (
	"strings"
	"testing"
)

// pages is a Front with one page that can be packed, and one that cannot.
func pages(t *testing.T) *Front {
	known := map[string]Page{
		"/":  {ContentType: "text/html", Body: []byte("<p>hello"), ETag: `"one"`, Gzip: []byte("packed")},
		"/x": {ContentType: "text/javascript", Body: []byte("x()"), ETag: `"two"`},
		"/y": {ContentType: "text/plain", Body: []byte("y")},
	}
	return ready(t, func(s *Settings) { s.Pages = func(path string) (Page, bool) { p, ok := known[path]; return p, ok } })
}

// Who takes gzip gets the packed body, under a tag of its own, and caches are told what
// the answer depends on.
func TestPackedPages(t *testing.T) {
	f := pages(t)
	for accept, packed := range map[string]bool{
		"gzip": true, "gzip, deflate, br, zstd": true, "br;q=1.0, GZIP;q=0.8, *;q=0.1": true, "*": true, "gzip;q=1, *;q=0": true,
		"": false, "identity": false, "br": false, "gzip;q=0": false, "gzip; q=0.000": false, "*;q=0": false, "*, gzip;q=0": false, "xgzip": false,
	} {
		body, tag := "<p>hello", `"one"`
		if packed {
			body, tag = "packed", `"one-gzip"`
		}
		got := f.Page(parse(t, "GET /", "Accept-Encoding: "+accept))
		if string(got.Body) != body || !strings.Contains(got.Fields, "ETag: "+tag+"\r\n") || !strings.Contains(got.Fields, "Vary: Accept-Encoding\r\n") ||
			strings.Contains(got.Fields, "Content-Encoding: gzip\r\n") != packed {
			t.Errorf("%s: %+v", accept, got)
		}
		if got = f.Page(parse(t, "GET /", "Accept-Encoding: "+accept, "If-None-Match: "+tag)); got.Status != 304 || got.Body != nil {
			t.Errorf("%s, which is known: %+v", accept, got)
		}
	}
	if got := f.Page(parse(t, "GET /x", "Accept-Encoding: gzip")); string(got.Body) != "x()" || strings.Contains(got.Fields, "Vary") {
		t.Errorf("what cannot be packed: %+v", got)
	}
}

// A page that its reader has is not sent again.
func TestKnownPages(t *testing.T) {
	f := pages(t)
	for tag, status := range map[string]int{`"two"`: 304, `W/"two"`: 304, `"zero" , "two"`: 304, `*`: 304, `"one"`: 200, `two`: 200, "": 200} {
		if got := f.Page(parse(t, "GET /x", "If-None-Match: "+tag)); got.Status != status || !strings.Contains(got.Fields, `ETag: "two"`) {
			t.Errorf("%s: %+v", tag, got)
		}
	}
	if got := f.Page(parse(t, "GET /y", "If-None-Match: *")); got.Status != 200 || strings.Contains(got.Fields, "ETag") {
		t.Errorf("a page without a tag: %+v", got)
	}
}
