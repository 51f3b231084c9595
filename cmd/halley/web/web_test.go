package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"halley/loop"
)

// pages are those of a server whose endpoint is at mount.
func pages(t *testing.T, mount string, hosts ...string) map[string]loop.Page {
	t.Helper()
	found, err := load(files, Settings{Mount: mount, Hosts: hosts, Internal: "127.0.0.1:8081"})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestPages(t *testing.T) {
	find, err := Pages(Settings{Mount: "/bayeux"})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/":                 "text/html; charset=utf-8",
		"/ticker":           "text/html; charset=utf-8",
		"/chat":             "text/html; charset=utf-8",
		"/tour":             "text/html; charset=utf-8",
		"/halley.js":        "text/javascript; charset=utf-8",
		"/halley-share.mjs": "text/javascript; charset=utf-8",
		"/halley.mjs":       "text/javascript; charset=utf-8",
		"/halley.d.ts":      "text/plain; charset=utf-8",
		"/halley.d.mts":     "text/plain; charset=utf-8",
		"/halley.js.map":    "application/json",
		"/halley.mjs.map":   "application/json",
		"/halley.tgz":       "application/gzip",
		"/client.js":        "",
		"/classic.js":       "",
		"/halley.css":       "text/css; charset=utf-8",
		"/favicon.svg":      "image/svg+xml",
		"/index.html":       "",
		"/ticker/":          "",
		"/assets":           "",
		"/../web.go":        "",
		"":                  "",
		"/package.json":     "",
	} {
		page, ok := find(path)
		if ok != (want != "") || page.ContentType != want {
			t.Errorf("Page(%q) = %q, %v; want %q", path, page.ContentType, ok, want)
		}
		if ok && (len(page.Body) == 0 || !regexp.MustCompile(`^"[0-9a-f]{16}"$`).MatchString(page.ETag)) {
			t.Errorf("Page(%q): %d bytes, ETag %s", path, len(page.Body), page.ETag)
		}
	}
}

func TestETagFollowsTheBody(t *testing.T) {
	tag := func(body string) string {
		found, err := load(fstest.MapFS{"assets/a.css": {Data: []byte(body)}}, Settings{Mount: "/bayeux"})
		if err != nil {
			t.Fatal(err)
		}
		return found["/a.css"].ETag
	}
	one, again, two := tag("one"), tag("one"), tag("two")
	if one != again || one == two {
		t.Errorf("ETags %s and %s of one body, %s of another", one, again, two)
	}
}

func TestUnknownKindsAreNotServed(t *testing.T) {
	got, err := load(fstest.MapFS{"assets/notes.txt": {Data: []byte("private")}}, Settings{Mount: "/bayeux"})
	if len(got) != 0 || err != nil {
		t.Errorf("served %v, %v", got, err)
	}
}

// Everything that a page, a sheet or a script refers to is served here, under a
// relative address: the pages work offline and below any prefix.
func TestReferencesAreRelativeAndPresent(t *testing.T) {
	reference := regexp.MustCompile(`(?:href|src)="([^"]*)"|from '([^']*)'|url\(([^)]*)\)`)
	demo := pages(t, "/bayeux")
	for path, page := range demo {
		if page.ContentType == "application/json" { // a map, which holds the sources
			continue
		}
		text := strings.ReplaceAll(string(page.Body), "url(#tail)", "")
		for _, match := range reference.FindAllStringSubmatch(text, -1) {
			to := match[1] + match[2] + match[3]
			if strings.HasPrefix(to, "#") {
				continue
			}
			if _, ok := demo["/"+strings.TrimPrefix(to, "./")]; !ok || strings.HasPrefix(to, "/") {
				t.Errorf("%s refers to %q", path, to)
			}
		}
	}
}

// A strict content security policy goes with every page, and nothing in a page
// or script needs it loosened.
func TestPagesKeepTheirPolicy(t *testing.T) {
	inline := regexp.MustCompile(`<[^>]+\s(?:on\w+|style)=|<style|<script(?:>|[^>]+[^r]>)|javascript:`)
	for path, page := range pages(t, "/bayeux") {
		if !strings.HasPrefix(page.ContentType, "text/html") {
			continue
		}
		if !strings.HasPrefix(page.Policy, "default-src 'none'; script-src 'self'; style-src 'self';") ||
			!strings.HasSuffix(page.Policy, "; frame-ancestors 'none'") || strings.Contains(page.Policy, "unsafe") {
			t.Errorf("%s has the policy %q", path, page.Policy)
		}
		markup := regexp.MustCompile(`<script src="[\w.]+" (?:defer|type="module")></script>`).ReplaceAll(page.Body, nil)
		if found := inline.Find(markup); found != nil {
			t.Errorf("%s has %s", path, found)
		}
	}
}

// Text that came over the wire must never be read as markup.
func TestScriptsInsertTextOnly(t *testing.T) {
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function`)
	for path, page := range pages(t, "/bayeux") {
		if strings.HasSuffix(path, ".js") && markup.Match(page.Body) {
			t.Errorf("%s uses %s", path, markup.Find(page.Body))
		}
	}
}

func TestPagesFollowTheServer(t *testing.T) {
	page := pages(t, "/live/feed", "push.example:8080")["/"]
	for _, want := range []string{`content="live/feed"`, "script-src 'self' http://push.example:8080;", "connect-src 'self' http://push.example:8080 ws://push.example:8080;"} {
		if !bytes.Contains(page.Body, []byte(want)) && !strings.Contains(page.Policy, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	for path, page := range pages(t, "/bayeux") {
		if strings.HasPrefix(page.ContentType, "text/html") && bytes.Contains(page.Body, []byte("{{")) {
			t.Errorf("%s has a gap that is not filled", path)
		}
	}
}

// What pages use of halley.js keeps its name, and what is there for the readers of
// its source goes.
func TestMinifiedKeepsNames(t *testing.T) {
	script := string(pages(t, "/bayeux")["/halley.js"].Body)
	if !strings.HasPrefix(script, banner) {
		t.Errorf("it begins %q", script[:40])
	}
	for _, name := range []string{"init", "subscribe", "publish", "unsubscribe", "use", "disconnect", "onStatus", "maxQueue", "networkDelay"} {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(script) {
			t.Errorf("%s has another name", name)
		}
	}
	if strings.Contains(strings.TrimSuffix(script, "//# sourceMappingURL=halley.js.map\n"), "// ") || strings.Contains(script, " * ") {
		t.Error("its comments are there still")
	}
}

// Bundlers find what the module loads only by a name that stands there as it is, and a script of another origin finds it
// only by its own address.
func TestSharingIsFound(t *testing.T) {
	demo := pages(t, "/bayeux")
	for path, want := range map[string]string{"/halley.mjs": `import("./halley-share.mjs")`, "/halley.js": `import(new URL("halley-share.mjs",`} {
		if !bytes.Contains(demo[path].Body, []byte(want)) {
			t.Errorf("%s has no %s", path, want)
		}
	}
}

func TestClientIsSmall(t *testing.T) {
	const limit = 8704
	if packed := pages(t, "/bayeux")["/halley.js"].Gzip; len(packed) == 0 || len(packed) > limit {
		t.Errorf("halley.js is %d bytes packed; limit %d", len(packed), limit)
	}
}

// All that packs well is served packed too, and unpacks to what is served else.
func TestPacked(t *testing.T) {
	for path, page := range pages(t, "/bayeux") {
		if page.Gzip == nil {
			if path != "/halley.tgz" && len(page.Body) > 1000 {
				t.Errorf("%s is %d bytes, not packed", path, len(page.Body))
			}
			continue
		}
		zip, err := gzip.NewReader(bytes.NewReader(page.Gzip))
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(zip); err != nil || !bytes.Equal(body, page.Body) {
			t.Errorf("%s unpacks to %d bytes of %d, %v", path, len(body), len(page.Body), err)
		}
	}
}

// The commands that pages show are for the server that shows them.
func TestPagesNameTheInternalListener(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8081": "http://127.0.0.1:8081/publish", ":9000": "http://127.0.0.1:9000/publish", "0.0.0.0:9000": "http://127.0.0.1:9000/publish",
		"[::]:9000": "http://127.0.0.1:9000/publish", "[::1]:9000": "http://[::1]:9000/publish", "push.example:80": "http://push.example:80/publish",
		"127.0.0.1:0": "http://127.0.0.1:PORT/publish", "": "http://127.0.0.1:PORT/publish",
	} {
		for _, keyed := range []bool{false, true} {
			found, err := load(files, Settings{Internal: address, Keyed: keyed})
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{"/", "/ticker"} {
				text := string(found[path].Body)
				if !strings.Contains(text, want) || strings.Contains(text, "'Authorization: Bearer KEY'") != keyed {
					t.Errorf("%s of a server with --internal %q, key %v: no %s", path, address, keyed, want)
				}
			}
		}
	}
}

// What a start does for the pages.
func BenchmarkPages(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Pages(Settings{Mount: "/bayeux"}); err != nil {
			b.Fatal(err)
		}
	}
}
