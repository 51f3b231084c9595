package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testProgram() string { return os.Args[0] }

// What is there is not made again, unless our files have changed.
func TestStore(t *testing.T) {
	s := &store{cache: t.TempDir(), folder: t.TempDir()}
	made := 0
	get := func(mark string, fail error) error {
		return s.once("x", mark, func() error {
			made++
			return errors.Join(fail, os.WriteFile(s.path("x", "file"), nil, 0o644))
		})
	}
	for i, c := range []struct {
		mark string
		fail error
		made int
	}{{"1", nil, 1}, {"1", nil, 1}, {"2", errors.New("no"), 2}, {"2", nil, 3}, {"2", nil, 3}} {
		if err := get(c.mark, c.fail); (err != nil) != (c.fail != nil) || made != c.made {
			t.Errorf("%d: made %d times, %v", i, made, err)
		}
	}
}

func TestFill(t *testing.T) {
	s := &store{folder: t.TempDir()}
	if err := os.WriteFile(filepath.Join(s.folder, "a.conf"), []byte("${PORT} ${OTHER} ${DIR} ${ROOT}"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := place{dir: t.TempDir(), port: 1, other: 2}
	if err := s.fill("a.conf", p, "ROOT=/x=y"); err != nil {
		t.Fatal(err)
	}
	if got, want := readFile(t, filepath.Join(p.dir, "a.conf")), "1 2 "+p.dir+" /x=y"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if s.fill("b.conf", p) == nil {
		t.Error("a file that is not there is filled")
	}
}

// What a server lacks on this host is said, and not tried.
func TestToolsThatAreAbsent(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	s := &store{cache: t.TempDir(), folder: "."}
	for _, r := range []rival{faye(), cometdNode(), cometdJava(), nchan(), pushpin(), floorServer()} {
		if _, err := r.get(s); err == nil || !strings.HasPrefix(err.Error(), "no ") {
			t.Errorf("%s: %v", r.name, err)
		}
	}
	if _, err := centrifugo().get(s); err == nil {
		t.Error("centrifugo is built without the go command")
	}
}

func TestVersions(t *testing.T) {
	for text, want := range map[string]string{"v20.1.2": "N 20.1.2", "openjdk 17.0.1 2025-01-01": "N 17.0.1", "hello": "N of an unknown version"} {
		if got := tell("N ", "echo", text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	if got := tell("N ", "/nowhere"); got != "N of an unknown version" {
		t.Error(got)
	}
}
