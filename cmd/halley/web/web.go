// Package web holds what browsers get from the public listener: the start page,
// the demos and halley.js, embedded in the binary.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"path"
	"strings"

	"halley/loop"
)

//go:embed assets
var assets embed.FS

// pages is read at start and only looked at afterwards, so that every event
// loop may share it.
var pages = load(assets)

// Page returns the page at a URL path, without its query, and whether there is
// one. A page needs no extension: / is index.html and /ticker is ticker.html.
func Page(path string) (loop.Page, bool) {
	page, ok := pages[path]
	return page, ok
}

func load(files fs.FS) map[string]loop.Page {
	found := make(map[string]loop.Page)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, name)
		if kind := contentType(name); kind != "" {
			found[urlPath(name)] = loop.Page{ContentType: kind, Body: body, ETag: etag(body)}
		}
		return err
	})
	if err != nil {
		panic("web: embedded files cannot be read: " + err.Error())
	}
	return found
}

// contentType tells the kind of an asset by its extension; what is of no known
// kind is not served.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
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
