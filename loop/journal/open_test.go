package journal

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
	record := appendRecord(nil, Record{Event, entryOf(50)})
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
		_, _, err := tryJournal(optionsFor(path, Never))
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
		if _, _, err := tryJournal(optionsFor(path, Never)); err == nil || !strings.Contains(err.Error(), "--history-file") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Power may go while a new file is begun: it is begun again.
func TestHalfBegunFile(t *testing.T) {
	for n := range len(magic) + 1 {
		path := filepath.Join(t.TempDir(), "journal")
		mustWrite(t, path, []byte(magic[:n]))
		j, _ := journalAt(t, path, Never)
		j.add(1, func(error) {})
		mustClose(t, j)
		j, got := journalAt(t, path, Never)
		equal(t, len(got), 1)
		mustClose(t, j)
	}
}

// A file without a magic number that begins with a whole record is read, and written
// anew with one.
func TestOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	var file []byte
	for n := 1; n <= 3; n++ {
		file = appendRecord(file, Record{Event, entryOf(n)})
	}
	mustWrite(t, path, append(file, file[:20]...))
	o := optionsFor(path, Never)
	o.Image = func(_ int64, put func(history.Image)) {
		put(history.Image{Entries: []history.Entry{entryOf(1), entryOf(3)}})
	}
	j, got, err := tryJournal(o)
	equal(t, []any{len(got), err, j.Old}, []any{3, nil, true})
	j.Compact()
	mustClose(t, j)
	j, got = journalAt(t, path, Never)
	equal(t, []any{len(got), j.Old}, []any{2, false})
	mustClose(t, j)
}
