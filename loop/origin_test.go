package loop

import (
	"fmt"
	"strings"
	"testing"

	"halley/httpparse"
)

// A page is the server's own by its host and port, of which the one that goes without
// saying may be said; or by its browser's word, where a proxy has changed the host.
func TestSameOrigin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		origin, host, site string
		same               bool
	}{
		{"http://a.example", "a.example", "", true},
		{"http://a.example", "A.Example", "", true},
		{"http://a.example:8080", "a.example:8080", "", true},
		{"https://a.example", "a.example:443", "", true},
		{"http://a.example", "a.example:80", "", true},
		{"https://a.example:443", "a.example", "", true},
		{"https://a.example", "a.example", "", true}, // TLS ends before the server
		{"https://[::1]", "[::1]:443", "", true},
		{"http://a.example", "a.example:443", "", false},
		{"https://a.example", "a.example:80", "", false},
		{"http://a.example:8080", "a.example", "", false},
		{"http://a.example", "b.example", "", false},
		{"http://a.example", "a.example.b", "", false},
		{"http://a.example.b", "a.example", "", false},
		{"null", "a.example", "", false},
		{"null", "null", "", false},
		{"a.example", "a.example", "", false},
		{"", "a.example", "", false},
		{"http://a.example", "upstream", "same-origin", true},
		{"http://a.example", "upstream", "same-site", false},
		{"http://a.example", "upstream", "cross-site", false},
		{"http://a.example", "upstream", "Same-Origin", false},
	} {
		q := &httpparse.Request{Host: []byte(c.host), SecFetchSite: []byte(c.site)}
		if got := sameOrigin(q, []byte(c.origin)); got != c.same {
			t.Errorf("%s of %s (%s): %v", c.origin, c.host, c.site, got)
		}
	}
}

func TestOriginOf(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://a.example/":               "https://a.example",
		"https://a.example":                "https://a.example",
		"https://a.example:8080/b/c?d#e":   "https://a.example:8080",
		"https://a.example?q":              "https://a.example",
		"https://a.example#f":              "https://a.example",
		"https://a.example/https://b.evil": "https://a.example",
		"https://[::1]:80/x":               "https://[::1]:80",
		"about:blank":                      "",
		"a.example/b":                      "",
		"":                                 "",
	} {
		if got := string(originOf([]byte(url))); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

// An allowed name wins over *, which admits without credentials, and what is too long
// to be looked at is admitted by neither.
func TestOrigins(t *testing.T) {
	t.Parallel()
	both := newOrigins([]string{"https://a.example", "*"})
	equal(t, both.find([]byte("https://a.example")).origin, "https://a.example")
	equal(t, both.find([]byte("https://b.example")).origin, "*")
	equal(t, both.find([]byte("https://"+strings.Repeat("b", maxOrigin))) == nil, true)
	named := newOrigins([]string{"https://a.example"})
	equal(t, named.find([]byte("https://b.example")) == nil, true)
	equal(t, []bool{both.vary(), named.vary()}, []bool{true, true})
	none := newOrigins(nil)
	equal(t, none.vary(), false)
	equal(t, none.find([]byte("https://a.example")) == nil, true)
}

// A browser's name stands for one number, which no other name and no cookie has, and
// which differs from server to server.
func TestNamedBrowsers(t *testing.T) {
	t.Parallel()
	b, other := newBrowsers(), newBrowsers()
	seen := map[uint64]string{}
	for i := range 1000 {
		name := fmt.Sprintf("%016x", i)
		n := b.Named([]byte(name))
		if n == 0 || n != b.Named([]byte(name)) || n == other.Named([]byte(name)) || n == uint64(i)|1 {
			t.Fatalf("%s is %x", name, n)
		}
		if before, twice := seen[n]; twice {
			t.Fatalf("%s and %s are both %x", before, name, n)
		}
		seen[n] = name
	}
}
