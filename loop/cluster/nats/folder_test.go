package nats

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A folder is one process's; one of a server's own goes with it, or with a later sweep if the server was killed.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	kept := filepath.Join(dir, "a", "b")
	f, err := openFolder(kept)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(kept); !errors.Is(err, errInUse) {
		t.Errorf("a second time: %v", err)
	}
	if f.close(); !exists(kept) {
		t.Error("it is gone")
	}
	if f, err = openFolder(kept); err != nil {
		t.Fatal(err)
	}
	f.close()

	own, err := openFolder("")
	if err != nil || !exists(own.path) {
		t.Fatal(err)
	}
	killed := filepath.Join(dir, ownFolders+"killed")
	foreign := filepath.Join(dir, ownFolders+"foreign")
	for _, path := range []string{killed, foreign} {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(killed, lockName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if sweep(dir, time.Now()); !exists(killed) {
		t.Error("one that was just made is swept")
	}
	sweep(dir, time.Now().Add(2*freshFor))
	if exists(killed) || !exists(foreign) || !exists(own.path) {
		t.Errorf("after the sweep: killed %v, foreign %v, in use %v", exists(killed), exists(foreign), exists(own.path))
	}
	if own.close(); exists(own.path) {
		t.Error("the server's own folder is left")
	}
}

// exists tells whether there is a file.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
