package web

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"

	"github.com/tdewolff/minify/v2/js"
)

// folder has the parts of halley.js.
const folder = "assets/halley/"

// parts of halley.js, in order. They share one scope, in which root is the global object
// and load imports what share asks for.
var parts = []string{"page.js", "transports.js", "subscriptions.js", "client.js"}

const (
	before = "(function (root, load) {\n'use strict';\n"
	// A classic script of another origin has no address of its own to import from: it
	// notes the one that it was loaded from. A module has, and bundlers see the name.
	afterClassic = "})(globalThis, ((at) => () => import(at ? new URL('halley-share.mjs', at.src).href : './halley-share.mjs'))" +
		"(globalThis.document && document.currentScript));\n"
	afterModule = "})(globalThis, () => import('./halley-share.mjs'));\n"
	// moduleEnd makes an ES module of the classic script.
	moduleEnd = "\nconst {halley} = globalThis;\nexport const {Client} = halley;\nexport default halley;\n"
)

// banner is the first line of halley.js. Bundlers keep a comment that begins so.
func banner(version string) string {
	return "/*! halley.js " + version + ", MIT licence */\n"
}

// client puts halley.js together and minifies it, as a classic script and as an ES
// module, each with its source map, and packs it for npm with its types. It returns
// the files by name, none where the parts are not among the assets.
func client(files fs.FS, version string) (map[string][]byte, error) {
	sources, err := read(files, parts)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text := before + strings.Join(sources, "")
	classic, err := minified(text + afterClassic)
	if err != nil {
		return nil, fmt.Errorf("halley.js: %w", err)
	}
	module, err := minified(text + afterModule)
	if err != nil {
		return nil, fmt.Errorf("halley.mjs: %w", err)
	}
	mapped, err := sourceMap(parts, sources, classic) // they differ at the end only
	if err != nil {
		return nil, fmt.Errorf("halley.js.map: %w", err)
	}
	made := map[string][]byte{
		"halley.js":     []byte(banner(version) + classic + "\n//# sourceMappingURL=halley.js.map\n"),
		"halley.mjs":    []byte(banner(version) + module + moduleEnd + "//# sourceMappingURL=halley.js.map\n"),
		"halley.js.map": mapped,
	}
	if made["halley-share.mjs"], err = sharing(files); err != nil {
		return nil, fmt.Errorf("halley-share.mjs: %w", err)
	}
	types, err := read(files, []string{"halley.d.mts", "package.json"})
	if err != nil {
		return nil, err
	}
	made["halley.d.mts"] = []byte(types[0])
	made["package.json"] = []byte(strings.ReplaceAll(types[1], "{{version}}", version))
	if made["halley.tgz"], err = pack(made); err != nil {
		return nil, fmt.Errorf("halley.tgz: %w", err)
	}
	delete(made, "package.json") // it is inside
	made["halley.d.ts"] = made["halley.d.mts"]
	return made, nil
}

// sharing is what halley.js loads for tabs that share a connection.
func sharing(files fs.FS) ([]byte, error) {
	source, err := read(files, []string{"share.js"})
	if err != nil {
		return nil, err
	}
	script, err := minified(source[0])
	return []byte(script), err
}

// minified is a script without what is there for readers. The names of variables get
// shorter, those of properties never.
func minified(text string) (string, error) {
	var script strings.Builder
	err := new(js.Minifier).Minify(nil, &script, strings.NewReader(text), nil)
	return script.String(), err
}

func read(files fs.FS, names []string) (texts []string, err error) {
	for _, name := range names {
		text, err := fs.ReadFile(files, folder+name)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// release is the version of this binary as npm writes it.
func release() string {
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return info.Main.Version[1:]
	}
	return "0.0.0-development"
}
