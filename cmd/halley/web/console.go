package web

import (
	"fmt"
	"io/fs"
	"path"

	"halley/loop"
)

// shared are the files of the public pages that the console has as well.
func shared() []string {
	return []string{"assets/halley.css", "assets/favicon.svg", "assets/status.js", "dist/halley.js"}
}

// Console returns the function that finds what the operator's page is made of: the page itself at /console, and the rest below.
func Console() (find func(path string) (loop.Page, bool), err error) {
	pages, err := loadConsole(files)
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	return func(path string) (loop.Page, bool) {
		page, ok := pages[path]
		return page, ok
	}, nil
}

func loadConsole(files fs.FS) (map[string]loop.Page, error) {
	names, err := fs.Glob(files, "console/*")
	if err != nil {
		return nil, err
	}
	found := make(map[string]loop.Page)
	for _, name := range append(names, shared()...) {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		page := loop.Page{ContentType: contentType(name), Body: body, ETag: etag(body)}
		if page.ContentType == "" {
			continue
		}
		at := "/console/" + path.Base(name)
		if path.Ext(name) == ".html" {
			at = "/console"
		}
		found[at] = page
	}
	return found, nil
}
