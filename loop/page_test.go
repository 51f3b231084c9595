package loop

import (
	"fmt"
	"testing"
)

// Who takes gzip gets the packed body, under a tag of its own, and caches are told what
// the answer depends on.
func TestPackedPages(t *testing.T) {
	t.Parallel()
	pages := map[string]Page{
		"/":  {ContentType: "text/html", Body: []byte("<p>hello"), ETag: `"one"`, Gzip: []byte("packed")},
		"/x": {ContentType: "text/javascript", Body: []byte("x()"), ETag: `"two"`},
	}
	s := start(t, func(c *Config) { c.Pages = func(path string) (Page, bool) { p, ok := pages[path]; return p, ok } })
	w := dial(t, s)
	for accept, packed := range map[string]bool{
		"gzip": true, "gzip, deflate, br, zstd": true, "br;q=1.0, GZIP;q=0.8, *;q=0.1": true, "*": true, "gzip;q=1, *;q=0": true,
		"": false, "identity": false, "br": false, "gzip;q=0": false, "gzip; q=0.000": false, "*;q=0": false, "*, gzip;q=0": false, "xgzip": false,
	} {
		got := w.ask(request("GET", "/", "Accept-Encoding: "+accept))
		body, tag, encoding := "<p>hello", `"one"`, ""
		if packed {
			body, tag, encoding = "packed", `"one-gzip"`, "gzip"
		}
		equal(t, fmt.Sprint(accept, ": ", got.body), fmt.Sprint(accept, ": ", body))
		equal(t, got.Header.Get("Etag"), tag)
		equal(t, got.Header.Get("Content-Encoding"), encoding)
		equal(t, got.Header.Get("Vary"), "Accept-Encoding")
		equal(t, w.ask(request("GET", "/", "Accept-Encoding: "+accept, "If-None-Match: "+tag)).StatusCode, 304)
	}
	equal(t, w.askHead("/", "Accept-Encoding: gzip").ContentLength, len("packed"))
	got := w.ask(request("GET", "/x", "Accept-Encoding: gzip"))
	equal(t, got.body, "x()")
	equal(t, got.Header.Get("Vary"), "")
	equal(t, got.Header.Get("Etag"), `"two"`)
}
