package nats

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// folder is where an embedded server stores: --cluster-store, or one of its own, since JetStream wants one even for what it keeps in
// memory. No two processes have one at once.
type folder struct {
	path string
	own  bool // it goes with the server
	lock *os.File
}

// lockName is the file in a folder by which it is known to be in use.
const lockName = "halley.lock"

// ownFolders are the folders that are made for a server.
const ownFolders = "halley-cluster-"

// openFolder opens path, or makes a folder in the one for temporary files if it is empty.
func openFolder(path string) (*folder, error) {
	if path != "" {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, fmt.Errorf("--cluster-store: %w", err)
		}
		lock, err := lockFolder(path, os.O_CREATE)
		if err != nil {
			return nil, fmt.Errorf("--cluster-store %s: %w", path, err)
		}
		return &folder{path: path, lock: lock}, nil
	}
	sweep(os.TempDir(), time.Now())
	path, err := os.MkdirTemp("", ownFolders+"*")
	if err != nil {
		return nil, fmt.Errorf("--cluster-listen: %w", err)
	}
	f := &folder{path: path, own: true}
	if f.lock, err = lockFolder(path, os.O_CREATE); err != nil {
		f.close()
		return nil, fmt.Errorf("--cluster-listen: %w", err)
	}
	return f, nil
}

// errInUse means that another process has a folder.
var errInUse = errors.New("another process has it")

// lockFolder locks a folder until the file is closed, or the process ends, however it does.
func lockFolder(path string, create int) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|create, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = errInUse
		}
		return nil, err
	}
	return file, nil
}

// freshFor is how long a folder is left alone that nobody has locked: its server may be about to.
const freshFor = time.Minute

// sweep removes the folders of servers that have ended without a chance to do so.
func sweep(dir string, now time.Time) {
	paths, _ := filepath.Glob(filepath.Join(dir, ownFolders+"*"))
	for _, path := range paths {
		about, err := os.Stat(filepath.Join(path, lockName))
		if err != nil || now.Sub(about.ModTime()) < freshFor {
			continue
		}
		if lock, err := lockFolder(path, 0); err == nil {
			_ = os.RemoveAll(path)
			_ = lock.Close()
		}
	}
}

// close leaves the folder, and removes one of its own.
func (f *folder) close() {
	if f.own {
		_ = os.RemoveAll(f.path)
	}
	if f.lock != nil {
		_ = f.lock.Close()
	}
}
