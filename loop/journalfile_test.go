package loop

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"halley/bayeux/history"
)

// A file that is no history file is left as it is, byte for byte, whatever it looks
// like; the error names the flag and the file.
func TestForeignFiles(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(bytes.Repeat([]byte("as gzip -n writes it"), 1000))
	w.Close()
	record := appendRecord(nil, record{recordEvent, entryOf(50)})
	for name, content := range map[string]string{
		"text":    "root:x:0:0:root:/root:/bin/sh\n",
		"short":   "x",
		"gzip":    packed.String(),
		"zeros":   strings.Repeat("\x00", 100),
		"length":  "\x20\x00\x00\x00" + strings.Repeat("y", 100),
		"torn":    string(record[:len(record)-1]),
		"broken":  string(record[:len(record)-1]) + "?" + string(record),
		"later":   magicName + "2\n" + string(record),
		"similar": magicName[:5] + "!",
	} {
		path := filepath.Join(t.TempDir(), name)
		mustWrite(t, path, []byte(content))
		_, _, err := tryJournal(optionsFor(path, syncNever))
		want := errForeign
		if name == "later" {
			want = errVersion
		}
		if !errors.Is(err, want) || !strings.Contains(err.Error(), "--history-file "+path) {
			t.Errorf("%s: %v", name, err)
		}
		if is, _ := os.ReadFile(path); string(is) != content {
			t.Errorf("%s is changed to %q", name, is)
		}
		left, _ := filepath.Glob(path + ".*")
		equal(t, len(left), 0)
	}
}

// What cannot be a file of ours is refused.
func TestNoRegularFile(t *testing.T) {
	folder := t.TempDir()
	fifo := filepath.Join(folder, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, fifo, "/dev/null", filepath.Join(folder, "none", "file")} {
		if _, _, err := tryJournal(optionsFor(path, syncNever)); err == nil || !strings.Contains(err.Error(), "--history-file") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Power may go while a new file is begun: it is begun again.
func TestHalfBegunFile(t *testing.T) {
	for n := range len(magic) + 1 {
		path := filepath.Join(t.TempDir(), "journal")
		mustWrite(t, path, []byte(magic[:n]))
		j, _ := journalAt(t, path, syncNever)
		j.add(1, func(error) {})
		mustClose(t, j)
		j, got := journalAt(t, path, syncNever)
		equal(t, len(got), 1)
		mustClose(t, j)
	}
}

// A new file is its owner's alone. Writing it anew keeps what the operator has set,
// and a link a link.
func TestModeAndLink(t *testing.T) {
	folder := t.TempDir()
	target, path := filepath.Join(folder, "target"), filepath.Join(folder, "link")
	if err := os.Symlink("target", path); err != nil {
		t.Fatal(err)
	}
	j, _ := journalAt(t, path, syncNever)
	equal(t, modeOf(t, target), os.FileMode(0o600))
	renewed := func() {
		t.Helper()
		before, _ := os.Stat(target)
		j.compact()
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
		j.beat() // as often as it takes: one may still belong to the renewal
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

// A file without a magic number that begins with a whole record is read, and written
// anew with one.
func TestOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	var file []byte
	for n := 1; n <= 3; n++ {
		file = appendRecord(file, record{recordEvent, entryOf(n)})
	}
	mustWrite(t, path, append(file, file[:20]...))
	o := optionsFor(path, syncNever)
	o.image = func(_ int64, put func(history.Image)) {
		put(history.Image{Entries: []history.Entry{entryOf(1), entryOf(3)}})
	}
	j, got, err := tryJournal(o)
	equal(t, []any{len(got), err, j.old}, []any{3, nil, true})
	j.compact()
	mustClose(t, j)
	j, got = journalAt(t, path, syncNever)
	equal(t, []any{len(got), j.old}, []any{2, false})
	mustClose(t, j)
}
