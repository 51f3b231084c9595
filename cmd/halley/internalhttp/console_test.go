package internalhttp

import (
	"context"
	"errors"
	"strings"
	"testing"

	"halley/loop"
	"halley/loop/access/key"
)

// page is a console that answers what it is told.
type page struct{}

func (page) Hour() ([]byte, error) { return []byte(`{"hour":1}`), nil }

func (page) MaxBody() int { return 100 }

func (page) Talk(_ context.Context, batch []byte) ([]byte, error) {
	if string(batch) == "bad" {
		return nil, errors.New("not a batch")
	}
	return append([]byte("got "), batch...), nil
}

func withConsole(o *Options) {
	o.Console = page{}
	o.Pages = func(path string) (loop.Page, bool) {
		return loop.Page{ContentType: "text/html; charset=utf-8", Body: []byte("<p>" + path), ETag: `"tag"`}, path == "/console" || path == "/console/a.js"
	}
}

func TestConsoleRoutes(t *testing.T) {
	r := newRig(t, withConsole)
	status, body, header := r.do("GET", "/console", "")
	if status != 200 || body != "<p>/console" || header.Get("Content-Type") != "text/html; charset=utf-8" || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %s %v", status, body, header)
	}
	if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe") ||
		!strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("policy %q", policy)
	}
	r.expect("GET", "/console/a.js", "", 304, "", "If-None-Match", `"tag"`)
	r.expect("GET", "/console/b.js", "", 404, `{"error":"no such resource"}`)
	r.expect("GET", "/console/", "", 404, `{"error":"no such resource"}`)
	r.expect("GET", "/console/hour", "", 200, `{"hour":1}`)
	r.expect("POST", "/console/bayeux", "[1]", 200, "got [1]")
	r.expect("POST", "/console/bayeux", "", 200, "got")
	r.expect("POST", "/console/bayeux", "bad", 400, `{"error":"not a batch"}`)
	if status, _, _ := r.do("POST", "/console/bayeux", strings.Repeat("x", page{}.MaxBody()+1)); status != 413 {
		t.Errorf("a long one: %d", status)
	}
	newRig(t, nil).expect("GET", "/console", "", 404, `{"error":"no such resource"}`)
}

// What the page is made of tells nothing, and is there for all: it asks for the key. Figures are for those who have it.
func TestConsoleWithKey(t *testing.T) {
	ring, err := key.Open("secret", "")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(o *Options) { withConsole(o); o.Keys = ring })
	for path, want := range map[string]int{"/console": 200, "/console/a.js": 200, "/console/hour": 401} {
		if status, _, _ := r.do("GET", path, ""); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	if status, _, _ := r.do("POST", "/console/bayeux", "[]"); status != 401 {
		t.Errorf("the endpoint: %d", status)
	}
	r.expect("GET", "/console/hour", "", 200, `{"hour":1}`, "Authorization", "Bearer secret")
	r.expect("POST", "/console/bayeux", "[]", 200, "got []", "Authorization", "Bearer secret")
	// Without a key no other site's page gets at it.
	if status, _, _ := newRig(t, withConsole).do("POST", "/console/bayeux", "[]", "Origin", "http://evil.example"); status != 403 {
		t.Errorf("another origin's page: %d", status)
	}
}
