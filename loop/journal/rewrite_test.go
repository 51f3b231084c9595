package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"halley/bayeux/history"
)

// A new file is its owner's alone. Writing it anew keeps what the operator has set,
// and a link a link.
func TestModeAndLink(t *testing.T) {
	folder := t.TempDir()
	target, path := filepath.Join(folder, "target"), filepath.Join(folder, "link")
	if err := os.Symlink("target", path); err != nil {
		t.Fatal(err)
	}
	j, _ := journalAt(t, path, Never)
	equal(t, modeOf(t, target), os.FileMode(0o600))
	renewed := func() {
		t.Helper()
		before, _ := os.Stat(target)
		j.Compact()
		eventually(t, func() bool { after, err := os.Stat(target); return err == nil && !os.SameFile(before, after) })
	}
	renewed()
	equal(t, modeOf(t, target), os.FileMode(0o600))
	os.Chmod(target, 0o640)
	chowned := os.Chown(target, 1, 2) == nil // only root can
	renewed()
	equal(t, modeOf(t, target), os.FileMode(0o640))
	if is := ownerOf(t, target); chowned && is != [2]uint32{1, 2} {
		t.Errorf("it belongs to %v", is)
	}
	link, err := os.Readlink(path)
	equal(t, []any{link, err}, []any{"target", nil})
	os.Remove(target)
	eventually(t, func() bool {
		j.LookAfter() // as often as it takes: one may still belong to the renewal
		_, err := os.Stat(target)
		return err == nil
	})
	equal(t, modeOf(t, target), os.FileMode(0o640))
	mustClose(t, j)
	link, err = os.Readlink(path)
	equal(t, []any{link, err}, []any{"target", nil})
}

func modeOf(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func ownerOf(t *testing.T, path string) [2]uint32 {
	t.Helper()
	var is unix.Stat_t
	if err := unix.Stat(path, &is); err != nil {
		t.Fatal(err)
	}
	return [2]uint32{is.Uid, is.Gid}
}

// A file that is deleted or replaced is noticed, and written anew with all that is
// known; what has taken its place is moved away.
func TestFileTakenAway(t *testing.T) {
	for name, take := range map[string]func(t *testing.T, path string){
		"deleted":  func(t *testing.T, path string) { os.Remove(path) },
		"moved":    func(t *testing.T, path string) { os.Rename(path, path+".old") },
		"replaced": func(t *testing.T, path string) { os.Remove(path); mustWrite(t, path, []byte("theirs")) },
	} {
		for _, atEnd := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				path, known := filepath.Join(t.TempDir(), "journal"), 2
				w := observed(t, path, Never, &known)
				equal(t, []error{w.write(1), w.write(2)}, []error{nil, nil})
				take(t, path)
				if !atEnd {
					w.LookAfter()
					equal(t, w.write(3), nil)
					known = 3
					if !strings.Contains(w.log(), "deleted or replaced") {
						t.Errorf("logged %s", w.log())
					}
				}
				mustClose(t, w.File)
				j, got := journalAt(t, path, Never)
				equal(t, len(got), known)
				mustClose(t, j)
				theirs, _ := os.ReadFile(path + replaced)
				equal(t, string(theirs) == "theirs", name == "replaced")
			})
		}
	}
}

// A file that is gone and cannot be written anew answers for nothing.
func TestFolderTakenAway(t *testing.T) {
	folder, known := filepath.Join(t.TempDir(), "folder"), 0
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	w := observed(t, filepath.Join(folder, "journal"), Never, &known)
	equal(t, w.write(1), nil)
	os.RemoveAll(folder)
	w.lookAfter()
	if w.write(2) == nil || w.trouble() == "" {
		t.Error("what goes nowhere is answered for")
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	w.lookAfter()
	if counts, failing := w.Usage(); !failing || counts.RewriteErrors != 1 {
		t.Errorf("it does not wait: %+v", counts)
	}
	w.advance(pauseLeast)
	w.LookAfter()
	eventually(t, func() bool { return w.write(3) == nil })
	mustClose(t, w.File)
}

// A rewriting that fails is logged and counted, leaves nothing behind, and is tried
// again after a while, which grows. The old file goes on.
func TestFailedRewriting(t *testing.T) {
	path, known := filepath.Join(t.TempDir(), "journal"), 1
	w := observed(t, path, Never, &known)
	if err := os.MkdirAll(path+rewriting+"/x", 0o700); err != nil { // in the way of the new file
		t.Fatal(err)
	}
	for n, want := range []uint64{1, 1, 2, 2, 3, 3} {
		w.Compact()
		equal(t, w.write(n+1), nil)
		counts, _ := w.Usage()
		equal(t, counts.RewriteErrors, want)
		w.advance(pauseLeast / 2)
		if n >= 2 {
			w.advance(pauseLeast / 2)
		}
		equal(t, strings.Count(w.log(), "could not be written anew"), int(want))
	}
	os.RemoveAll(path + rewriting)
	w.advance(pauseMost)
	w.Compact()
	equal(t, w.write(7), nil)
	eventually(t, func() bool { counts, _ := w.Usage(); return counts.Rewrites == 1 })
	mustClose(t, w.File)
	left, _ := filepath.Glob(path + ".*")
	equal(t, len(left), 0)
}

// What a crash during a rewriting has left goes at the start.
func TestLeftOverRewriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	mustWrite(t, path+rewriting, []byte("half"))
	j, _ := journalAt(t, path, Never)
	mustClose(t, j)
	if _, err := os.Stat(path + rewriting); err == nil {
		t.Error("it is still there")
	}
}

// While the file is written anew, and while it is synced once a second, events go on
// being written; they are in the new file too.
func TestNothingWaitsForARewriting(t *testing.T) {
	for _, sync := range []Sync{Always, Interval, Never} {
		path, known := filepath.Join(t.TempDir(), "journal"), 2
		w := observed(t, path, sync, &known)
		gate, whole := make(chan struct{}), w.options.Image
		w.File.mu.Lock()
		w.options.Image = func(upto int64, put func(history.Image)) {
			<-gate
			equal(t, upto, int64(2))
			whole(upto, put)
		}
		w.File.mu.Unlock()
		equal(t, []error{w.write(1), w.write(2)}, []error{nil, nil})
		w.Compact()
		equal(t, []error{w.write(3), w.write(4)}, []error{nil, nil})
		w.Compact()
		close(gate)
		eventually(t, func() bool { counts, _ := w.Usage(); return counts.Rewrites == 1 })
		equal(t, w.write(5), nil)
		counts, _ := w.Usage()
		equal(t, []int{counts.Events, int(counts.Rewrites)}, []int{5, 1}) // the second was asked for before the first was there
		mustClose(t, w.File)
		j, got := journalAt(t, path, Never)
		equal(t, len(got), 5)
		mustClose(t, j)
	}
}
