package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const web = "../../cmd/halley/web"

// What is committed is what the sources make.
func TestCommittedIsCurrent(t *testing.T) {
	made, err := bundle(filepath.Join(web, "client"))
	if err != nil {
		t.Fatal(err)
	}
	const remedy = "run: go generate ./cmd/halley/web"
	for name, text := range made {
		if committed, err := os.ReadFile(filepath.Join(web, "dist", name)); err != nil || !bytes.Equal(committed, text) {
			t.Errorf("%s is not of these sources (%v); %s", name, err, remedy)
		}
	}
	committed, err := os.ReadDir(filepath.Join(web, "dist"))
	if err != nil || len(committed) != len(made) {
		t.Errorf("%d files are committed, %d made (%v); %s", len(committed), len(made), err, remedy)
	}
}

// The files of a folder are the same wherever it stands, and what is made no more goes.
func TestWrite(t *testing.T) {
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "client"), os.DirFS(filepath.Join(web, "client"))); err != nil {
		t.Fatal(err)
	}
	dist := filepath.Join(folder, "dist")
	if err := os.Mkdir(dist, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dist, "old.js"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dist, "old.js")); err == nil {
		t.Error("a file that is made no more is there still")
	}
	for _, name := range []string{"halley.js", "halley.js.map", "halley.mjs", "halley-share.mjs.map"} {
		here, err := os.ReadFile(filepath.Join(dist, name))
		there, errThere := os.ReadFile(filepath.Join(web, "dist", name))
		if err != nil || errThere != nil || !bytes.Equal(here, there) {
			t.Errorf("%s: %d bytes here, %d there; %v, %v", name, len(here), len(there), err, errThere)
		}
	}
}

// A script that cannot be read is an error that tells where, and leaves what was made before.
func TestBrokenScript(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"client/classic.js": "import {absent} from './module.js';\nabsent();", "client/module.js": "function (", "client/share.js": "",
		"dist/halley.js": "before",
	} {
		name = filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(folder); err == nil || !strings.Contains(err.Error(), "module.js:1:") {
		t.Errorf("error %v", err)
	}
	if before, err := os.ReadFile(filepath.Join(folder, "dist/halley.js")); err != nil || string(before) != "before" {
		t.Errorf("halley.js is %q, %v", before, err)
	}
}
