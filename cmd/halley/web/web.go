// Package web holds what browsers get from the public listener: the start page,
// the demos and halley.js, embedded in the binary.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"halley/loop"
)

//go:embed assets
var assets embed.FS

// Pages returns the function that finds the page at a URL path, without its
// query. A page needs no extension: / is index.html and /ticker is ticker.html.
// The pages talk to the Bayeux endpoint at mount, and may hold connections to
// hosts (host or host:port) beside their own. An error means that the binary was
// built with scripts that cannot be read.
func Pages(mount string, hosts []string) (find func(path string) (loop.Page, bool), err error) {
	pages, err := load(assets, settings(mount, hosts))
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return func(path string) (loop.Page, bool) {
		page, ok := pages[path]
		return page, ok
	}, nil
}

// settings is what the pages in HTML leave open: where the endpoint is, relative
// to them, and whom their policy lets them connect to.
func settings(mount string, hosts []string) *strings.Replacer {
	scripts, sources := "'self'", "'self'" // callback-polling comes as scripts
	for _, host := range hosts {
		scripts += " http://" + host // which admits https too
		sources += " http://" + host + " ws://" + host
	}
	return strings.NewReplacer("{{mount}}", strings.TrimPrefix(mount, "/"), "{{script}}", scripts, "{{connect}}", sources)
}

// load reads the assets. The map is only looked at afterwards, so that every
// event loop may share it.
func load(files fs.FS, settings *strings.Replacer) (map[string]loop.Page, error) {
	found := make(map[string]loop.Page)
	add := func(path, kind string, body []byte) {
		found[path] = loop.Page{ContentType: kind, Body: body, ETag: etag(body)}
	}
	err := fs.WalkDir(files, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, name)
		if path.Ext(name) == ".html" {
			body = []byte(settings.Replace(string(body)))
		}
		if kind := contentType(name); kind != "" && path.Dir(name) == "assets" {
			add(urlPath(name), kind, body)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	made, err := client(files, release())
	for name, body := range made {
		add("/"+name, contentType(name), body)
	}
	return found, err
}

// contentType tells the kind of an asset by its extension; what is of no known
// kind is not served.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".ts", ".mts":
		return "text/plain; charset=utf-8"
	case ".map":
		return "application/json"
	case ".tgz":
		return "application/gzip"
	case ".svg":
		return "image/svg+xml"
	}
	return ""
}

func urlPath(name string) string {
	base := strings.TrimSuffix(path.Base(name), ".html")
	if base == "index" {
		return "/"
	}
	return "/" + base
}

// etag names a body by its content (RFC 9110, section 8.8.3).
func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}
