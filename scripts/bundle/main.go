// Bundle makes halley.js of its sources: it joins, minifies and maps cmd/halley/web/client into cmd/halley/web/dist,
// whose files are committed, so that the server needs no minifier. Its test fails where they are not of these sources.
//
//	go generate ./cmd/halley/web
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: bundle cmd/halley/web")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

// write makes the files anew.
func write(web string) error {
	files, err := bundle(filepath.Join(web, "client"))
	if err != nil {
		return err
	}
	dist := filepath.Join(web, "dist")
	if err := os.RemoveAll(dist); err != nil { // what is made no more goes
		return err
	}
	if err := os.Mkdir(dist, 0o755); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dist, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// part is one script that browsers load.
type part struct {
	source, name string
	format       api.Format
}

// bundle returns the scripts and their source maps by name.
func bundle(client string) (map[string][]byte, error) {
	client, err := filepath.Abs(client)
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, p := range []part{
		{"classic.js", "halley.js", api.FormatIIFE},
		{"module.js", "halley.mjs", api.FormatESModule},
		{"share.js", "halley-share.mjs", api.FormatESModule},
	} {
		made := api.Build(p.options(client))
		for _, m := range made.Errors {
			err = errors.Join(err, errors.New(describe(m)))
		}
		for _, m := range made.Warnings {
			err = errors.Join(err, errors.New(describe(m)))
		}
		for _, file := range made.OutputFiles {
			files[filepath.Base(file.Path)] = file.Contents
		}
	}
	return files, err
}

// options has the maps name the sources as they stand in client, which is why the output would go there. Names of
// properties stay as they are: what a page calls is among them.
func (p part) options(client string) api.BuildOptions {
	return api.BuildOptions{
		AbsWorkingDir:     client,
		EntryPoints:       []string{p.source},
		Outfile:           p.name,
		Bundle:            true,
		External:          []string{"./halley-share.mjs"},
		Format:            p.format,
		Target:            api.ES2019,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Sourcemap:         api.SourceMapLinked,
		Banner:            map[string]string{"js": "/*! halley.js {{version}}, MIT licence */"}, // bundlers keep a comment that begins so
	}
}

func describe(m api.Message) string {
	if m.Location == nil {
		return m.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", m.Location.File, m.Location.Line, m.Location.Column, m.Text)
}
