package web

import (
	"fmt"
	"io/fs"
	"path"
	"runtime/debug"
	"strings"
)

// client returns the files of halley.js by name: the scripts and their source maps, the
// types, and all of it as a package for npm.
func client(files fs.FS, version string) (map[string][]byte, error) {
	names, err := fs.Glob(files, "dist/*")
	if err != nil || len(names) == 0 {
		return nil, err
	}
	made := make(map[string][]byte)
	for _, name := range append(names, "client/halley.d.mts", "client/package.json") {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		made[path.Base(name)] = []byte(strings.Replace(string(text), "{{version}}", version, 1))
	}
	if made["halley.tgz"], err = pack(made); err != nil {
		return nil, fmt.Errorf("halley.tgz: %w", err)
	}
	delete(made, "package.json") // it is inside
	made["halley.d.ts"] = made["halley.d.mts"]
	return made, nil
}

// release is the version of this binary as npm writes it.
func release() string {
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return info.Main.Version[1:]
	}
	return "0.0.0-development"
}
