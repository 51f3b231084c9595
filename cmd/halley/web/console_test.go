package web

import (
	"regexp"
	"strings"
	"testing"
)

// The console's page is at /console and all that it needs below, under relative addresses; nothing in it needs a looser policy.
func TestConsole(t *testing.T) {
	find, err := Console()
	if err != nil {
		t.Fatal(err)
	}
	page, found := find("/console")
	if !found || page.ContentType != "text/html; charset=utf-8" || page.ETag == "" {
		t.Fatalf("the page: %v %+v", found, page)
	}
	reference := regexp.MustCompile(`(?:href|src)="([^"]*)"|from '([^']*)'|url\(([^)]*)\)`)
	seen := map[string]bool{}
	var visit func(path string)
	visit = func(path string) {
		page, found := find(path)
		if seen[path] = true; !found {
			t.Errorf("there is no %s", path)
			return
		}
		if path == "/console/halley.js" {
			return
		}
		for _, match := range reference.FindAllStringSubmatch(string(page.Body), -1) {
			to := match[1] + match[2] + match[3]
			switch {
			case strings.HasPrefix(to, "#"):
				continue
			case strings.HasPrefix(to, "/"), strings.Contains(to, ":"):
				t.Errorf("%s refers to %q", path, to)
			}
			if to = "/console/" + strings.TrimPrefix(strings.TrimPrefix(to, "./"), "console/"); to == "/console/console" {
				to = "/console"
			}
			if !seen[to] {
				visit(to)
			}
		}
	}
	visit("/console")
	if len(seen) < 8 {
		t.Errorf("it needs %v alone", seen)
	}
	markup := regexp.MustCompile(`<script src="[\w./]+" (?:defer|type="module")></script>`).ReplaceAll(page.Body, nil)
	if inline := regexp.MustCompile(`<[^>]+\s(?:on\w+|style)=|<style|<script|javascript:`).Find(markup); inline != nil {
		t.Errorf("the page has %q", inline)
	}
	for _, path := range []string{"/console/", "/console/console.html", "/", "/halley.css", "/console/../web.go"} {
		if _, found := find(path); found {
			t.Errorf("%s is served", path)
		}
	}
}
