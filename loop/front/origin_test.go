package front

import (
	"fmt"
	"strings"
	"testing"

	"halley/httpparse"
)

// A page is the server's own by its host and port, of which the one that goes without
// saying may be said; or by its browser's word, where a proxy has changed the host.
func TestSameOrigin(t *testing.T) {
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
	const name = "https://a.example"
	both, named, none := newOrigins([]string{name, "*"}, nil), newOrigins([]string{name}, nil), newOrigins(nil, nil)
	for _, c := range []struct {
		of     *origins
		origin string
		names  string
	}{
		{&both, name, name},
		{&both, "https://b.example", "*"},
		{&both, "https://" + strings.Repeat("b", MaxOrigin), ""},
		{&named, name, name},
		{&named, "https://b.example", ""},
		{&none, name, ""},
	} {
		if got := c.of.names[c.of.find([]byte(c.origin))]; got != c.names {
			t.Errorf("%.30s of %v: %q", c.origin, c.of.names, got)
		}
	}
	if !both.vary() || !named.vary() || none.vary() {
		t.Error("Vary is said where nothing varies, or not where it does")
	}
}

// Of other settings an origin that was given out before is the same, and admitted only if they say so; all of them count
// as long as the server runs.
func TestFrontWithOtherOrigins(t *testing.T) {
	settings := func(origins ...string) Settings {
		return Settings{Admission: Admission{Mounts: []string{"/bayeux"}, AllowOrigin: origins}, Cookie: Cookie{CookieSameSite: "lax"}}
	}
	const a, b, c = "https://a.example", "https://b.example", "https://c.example"
	before, err := After(new(Front), settings(a, "*", b))
	if err != nil {
		t.Fatal(err)
	}
	after, err := After(before, settings(c, b))
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]Origin{a: 0, b: 3, c: 4, "https://other.example": 0} {
		if got := after.origins.find([]byte(origin)); got != want {
			t.Errorf("%s is number %d, want %d", origin, got, want)
		}
	}
	for number, want := range map[Origin]string{1: a, 2: anyOrigin, 3: b} {
		for _, f := range []*Front{before, after} {
			head := string(f.AppendOrigin(nil, number))
			if !strings.Contains(head, "Access-Control-Allow-Origin: "+want+"\r\n") || strings.Contains(head, "Credentials") == (want == anyOrigin) {
				t.Errorf("number %d has the head %q", number, head)
			}
		}
	}
	for i := range MostOrigins - 4 {
		if after, err = After(after, settings(fmt.Sprintf("https://h%d.example", i))); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err = After(after, settings("https://last.example")); err == nil || !strings.Contains(err.Error(), "--allow-origin") {
		t.Errorf("one more: %v", err)
	}
	if _, err = After(after, settings(a)); err != nil {
		t.Error(err)
	}
}

// Whatever no browser's Origin would equal is refused, with the flag's name.
func TestCheckOrigin(t *testing.T) {
	for text, why := range map[string]string{
		"https://a.example": "", "http://a.example:8080": "", "https://[::1]:8443": "", "*": "", "chrome-extension://abc": "",
		"a.example":                   "want scheme://host",
		"https://a.example/":          "want scheme://host",
		"https://A.example":           "small letters",
		"https://a.example:443":       "leave the port out",
		"http://a.example:80":         "leave the port out",
		"https://a.example,http://b":  "several flags",
		"https://a.example https://b": "want scheme://host",
	} {
		settings := usual()
		settings.AllowOrigin = []string{text}
		_, err := After(new(Front), settings)
		if (err == nil) != (why == "") || err != nil && !(strings.HasPrefix(err.Error(), "--allow-origin ") && strings.Contains(err.Error(), why)) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
