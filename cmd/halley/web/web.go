// Package web holds what browsers get from the public listener: the start page,
// the demos and halley.js, embedded in the binary.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"

	"halley/loop"
)

// level packs all pages in 3 ms; the best one takes ten times as long for a fortieth less.
const level = 6

//go:generate go run ../../../scripts/bundle .

// files are the pages, what scripts/bundle has made of client, and what npm needs beside it.
//
//go:embed assets console dist client/halley.d.mts client/package.json
var files embed.FS

// Settings is what the pages tell of their server.
type Settings struct {
	Mount    string   // where the Bayeux endpoint is
	Hosts    []string // host or host:port, which pages may hold connections to beside their own
	Internal string   // address of the internal listener, empty where it is off
	Keyed    bool     // whether that asks for a key
}

// Pages returns the function that finds the page at a URL path, without its
// query. A page needs no extension: / is index.html and /ticker is ticker.html.
func Pages(settings Settings) (find func(path string) (loop.Page, bool), err error) {
	pages, err := load(files, settings)
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return func(path string) (loop.Page, bool) {
		page, ok := pages[path]
		return page, ok
	}, nil
}

// replacer fills in what the pages in HTML leave open: where the endpoint is, relative to them, and how to publish from a shell.
func (s Settings) replacer() *strings.Replacer {
	key := ""
	if s.Keyed {
		key = "-H 'Authorization: Bearer KEY' "
	}
	return strings.NewReplacer("{{mount}}", strings.TrimPrefix(s.Mount, "/"), "{{key}}", key, "{{internal}}", fromHere(s.Internal))
}

// policy is the content security policy of every page in HTML: what it loads, connects to and frames is its own server's, by
// whatever name; nobody frames it.
func (s Settings) policy() string {
	scripts, sources := "'self'", "'self'" // callback-polling comes as scripts
	for _, host := range s.Hosts {
		scripts += " http://" + host // which admits https too
		sources += " http://" + host + " ws://" + host
	}
	return "default-src 'none'; script-src " + scripts + "; style-src 'self'; img-src 'self'; connect-src " + sources +
		"; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// fromHere is how a program on the same machine reaches a listener. What cannot be
// known, whether by a port that the system chooses or because it is off, is left for
// the reader to fill in.
func fromHere(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	if err != nil || port == "0" {
		port = "PORT"
	}
	return net.JoinHostPort(host, port)
}

// load reads the assets. The map is only looked at afterwards, so that every
// event loop may share it.
func load(files fs.FS, settings Settings) (map[string]loop.Page, error) {
	zip, err := gzip.NewWriterLevel(nil, level)
	if err != nil {
		return nil, err
	}
	found, fill, policy := make(map[string]loop.Page), settings.replacer(), settings.policy()
	add := func(path, kind string, body []byte) {
		page := loop.Page{ContentType: kind, Body: body, ETag: etag(body), Gzip: packed(zip, kind, body)}
		if strings.HasPrefix(kind, "text/html") {
			page.Policy = policy
		}
		found[path] = page
	}
	names, err := fs.Glob(files, "assets/*")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		kind := contentType(name)
		if kind == "" {
			continue
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		if path.Ext(name) == ".html" {
			body = []byte(fill.Replace(string(body)))
		}
		add(urlPath(name), kind, body)
	}
	made, err := client(files, release())
	for name, body := range made {
		add("/"+name, contentType(name), body)
	}
	return found, err
}

// packed is a body in gzip, nil where that would not make it smaller by a tenth. The
// writer, which is large, serves for all of them.
func packed(zip *gzip.Writer, kind string, body []byte) []byte {
	if kind == "application/gzip" {
		return nil
	}
	var small bytes.Buffer
	zip.Reset(&small)
	zip.Write(body) // to memory, which takes everything
	zip.Close()
	if small.Len() > len(body)*9/10 {
		return nil
	}
	return small.Bytes()
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

// etag names a body by its content (RFC 9110, 8.8.3).
func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}
