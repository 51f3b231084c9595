package loop

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halley/bayeux/history"
)

// appended is how many events a journal was given.
func (j *journal) appended() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.events
}

// witness is a journal under observation: what it logs and says of its health, and
// its clock.
type witness struct {
	*journal
	mu       sync.Mutex
	logged   bytes.Buffer
	troubles []string
	clock    time.Time
}

func (w *witness) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logged.Write(p)
}

func (w *witness) log() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logged.String()
}

func (w *witness) trouble() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.troubles) == 0 {
		return ""
	}
	return w.troubles[len(w.troubles)-1]
}

func (w *witness) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// observed opens a journal, whose image has the events from 1 to so many.
func observed(t *testing.T, path string, sync journalSync, events *int) *witness {
	t.Helper()
	w := &witness{clock: time.Unix(1000, 0)}
	o := optionsFor(path, sync)
	o.log = slog.New(slog.NewTextHandler(w, nil))
	o.trouble = func(why string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.troubles = append(w.troubles, why)
	}
	o.image = func(_ int64, put func(history.Image)) {
		for n := 1; n <= *events; n++ {
			put(history.Image{Entries: []history.Entry{entryOf(n)}})
		}
	}
	j, _, err := tryJournal(o)
	if err != nil {
		t.Fatal(err)
	}
	j.mu.Lock()
	j.now = func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.clock }
	j.mu.Unlock()
	w.journal = j
	return w
}

// write appends an event and tells whether it was stored.
func (w *witness) write(n int) error {
	stored := make(chan error, 1)
	w.add(n, func(err error) { stored <- err })
	return <-stored
}

// look has the journal look after its file.
func (w *witness) lookAfter() {
	w.beat()
	w.write(0) // handled with it or after it
}

// What was answered with an error is not on the disk, whatever of it had got there;
// once the disk can be written again, so is the journal.
func TestFullDisk(t *testing.T) {
	for _, kind := range []string{"write", "real"} {
		t.Run(kind, func(t *testing.T) {
			known := 1
			path := filepath.Join(t.TempDir(), "journal")
			w := observed(t, path, syncAlways, &known)
			equal(t, w.write(1), nil)
			d := &faultyDisk{}
			if kind != "real" {
				w.onDisk(d)
				equal(t, w.write(1), nil)
			}
			restore := d.full(t, path, kind)
			for range 3 {
				if w.write(2) == nil {
					t.Error("what is not written is answered for")
				}
			}
			if w.trouble() == "" || strings.Count(w.log(), "level=ERROR") != 1 || !strings.Contains(w.log(), "cannot be written") {
				t.Errorf("trouble %q, logged %s", w.trouble(), w.log())
			}
			counts, failing := w.usage()
			equal(t, []any{counts.refused, failing}, []any{uint64(3), true})
			w.lookAfter()
			if w.write(2) == nil {
				t.Error("it is well though the disk is full")
			}
			restore()
			w.advance(time.Hour)
			w.beat()
			eventually(t, func() bool { return w.write(3) == nil })
			equal(t, w.trouble(), "")
			if !strings.Contains(w.log(), "can be written again") {
				t.Errorf("logged %s", w.log())
			}
			left := d.written
			if w.close(); kind == "real" {
				left, _ = os.ReadFile(path)
				left = bytes.TrimPrefix(left, []byte(magic))
			}
			var ids []int64
			readRecords(bytes.NewReader(left), int64(len(left)), func(r record) { ids = append(ids, r.ID) })
			equal(t, ids, []int64{1, 3})
		})
	}
}

// full lets a disk fail, or the real one by the limit of a file's size, until the
// function that it returns is called.
func (d *faultyDisk) full(t *testing.T, path, kind string) (restore func()) {
	set := func(on bool) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.fail = on
	}
	if kind != "real" {
		set(true)
		return func() { set(false) }
	}
	var old unix.Rlimit
	info, err := os.Stat(path)
	if err != nil || unix.Getrlimit(unix.RLIMIT_FSIZE, &old) != nil {
		t.Fatal(err)
	}
	set = func(on bool) {
		limit := old
		if on {
			limit.Cur = uint64(info.Size()) + 5
		}
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	set(true)
	t.Cleanup(func() { set(false) })
	return func() { set(false) }
}

// After a sync that failed nobody knows what the disk has, nor what is left of a write
// that cannot be cut off: the file is written anew.
func TestUnknownRest(t *testing.T) {
	for name, d := range map[string]disk{"sync": &unsynced{}, "rest": &faultyDisk{fail: true, stuck: true}} {
		t.Run(name, func(t *testing.T) {
			path, known := filepath.Join(t.TempDir(), "journal"), 1
			w := observed(t, path, syncAlways, &known)
			equal(t, w.write(1), nil)
			w.onDisk(d)
			if w.write(2) == nil {
				t.Fatal("what failed is answered for")
			}
			w.beat()
			eventually(t, func() bool { return w.write(3) == nil })
			mustClose(t, w.journal)
			j, got := journalAt(t, path, syncNever)
			equal(t, []any{len(got), got[0].ID, got[1].ID}, []any{2, int64(1), int64(3)})
			mustClose(t, j)
		})
	}
}

// unsynced is a disk that syncs never.
type unsynced struct{ faultyDisk }

func (*unsynced) Sync() error { return errors.New("I/O error") }

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
				w := observed(t, path, syncNever, &known)
				equal(t, []error{w.write(1), w.write(2)}, []error{nil, nil})
				take(t, path)
				if !atEnd {
					w.beat()
					equal(t, w.write(3), nil)
					known = 3
					if !strings.Contains(w.log(), "deleted or replaced") {
						t.Errorf("logged %s", w.log())
					}
				}
				mustClose(t, w.journal)
				j, got := journalAt(t, path, syncNever)
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
	w := observed(t, filepath.Join(folder, "journal"), syncNever, &known)
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
	if counts, failing := w.usage(); !failing || counts.rewriteErrors != 1 {
		t.Errorf("it does not wait: %+v", counts)
	}
	w.advance(pauseLeast)
	w.beat()
	eventually(t, func() bool { return w.write(3) == nil })
	mustClose(t, w.journal)
}

// A rewriting that fails is logged and counted, leaves nothing behind, and is tried
// again after a while, which grows. The old file goes on.
func TestFailedRewriting(t *testing.T) {
	path, known := filepath.Join(t.TempDir(), "journal"), 1
	w := observed(t, path, syncNever, &known)
	if err := os.MkdirAll(path+rewriting+"/x", 0o700); err != nil { // in the way of the new file
		t.Fatal(err)
	}
	for n, want := range []uint64{1, 1, 2, 2, 3, 3} {
		w.compact()
		equal(t, w.write(n+1), nil)
		counts, _ := w.usage()
		equal(t, counts.rewriteErrors, want)
		w.advance(pauseLeast / 2)
		if n >= 2 {
			w.advance(pauseLeast / 2)
		}
		equal(t, strings.Count(w.log(), "could not be written anew"), int(want))
	}
	os.RemoveAll(path + rewriting)
	w.advance(pauseMost)
	w.compact()
	equal(t, w.write(7), nil)
	eventually(t, func() bool { counts, _ := w.usage(); return counts.rewrites == 1 })
	mustClose(t, w.journal)
	left, _ := filepath.Glob(path + ".*")
	equal(t, len(left), 0)
}

// What a crash during a rewriting has left goes at the start.
func TestLeftOverRewriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	mustWrite(t, path+rewriting, []byte("half"))
	j, _ := journalAt(t, path, syncNever)
	mustClose(t, j)
	if _, err := os.Stat(path + rewriting); err == nil {
		t.Error("it is still there")
	}
}

// While the file is written anew, and while it is synced once a second, events go on
// being written; they are in the new file too.
func TestNothingWaitsForARewriting(t *testing.T) {
	for _, sync := range []journalSync{syncAlways, syncInterval, syncNever} {
		path, known := filepath.Join(t.TempDir(), "journal"), 2
		w := observed(t, path, sync, &known)
		gate, whole := make(chan struct{}), w.image
		w.journal.mu.Lock()
		w.image = func(upto int64, put func(history.Image)) {
			<-gate
			equal(t, upto, int64(2))
			whole(upto, put)
		}
		w.journal.mu.Unlock()
		equal(t, []error{w.write(1), w.write(2)}, []error{nil, nil})
		w.compact()
		equal(t, []error{w.write(3), w.write(4)}, []error{nil, nil})
		w.compact()
		close(gate)
		eventually(t, func() bool { counts, _ := w.usage(); return counts.rewrites == 1 })
		equal(t, w.write(5), nil)
		equal(t, w.appended(), 5)
		mustClose(t, w.journal)
		j, got := journalAt(t, path, syncNever)
		equal(t, len(got), 5)
		mustClose(t, j)
	}
}

// A sync that fails beside the writes counts, also where one of these has failed since.
func TestNothingWaitsForTheIntervalsSync(t *testing.T) {
	for _, failing := range []bool{false, true} {
		known := 0
		w := observed(t, filepath.Join(t.TempDir(), "journal"), syncInterval, &known)
		d := &faultyDisk{gate: make(chan struct{})}
		w.onDisk(d)
		w.advance(time.Hour)
		equal(t, w.write(1), nil)
		eventually(t, func() bool {
			w.beat()
			equal(t, w.write(2), nil)
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.syncs > 0
		})
		equal(t, w.write(3), nil)
		d.fails(true)
		if failing && w.write(5) == nil {
			t.Error("what is not written is answered for")
		}
		close(d.gate)
		// To a new file, since nobody knows what the old one has.
		eventually(t, func() bool { w.lookAfter(); counts, _ := w.usage(); return counts.rewrites == 1 })
		equal(t, w.write(9), nil)
		mustClose(t, w.journal)
	}
}

// Only so many bytes wait for a slow disk: more are refused at once.
func TestSlowDiskIsBusy(t *testing.T) {
	j, _ := journalAt(t, filepath.Join(t.TempDir(), "journal"), syncAlways)
	d := &faultyDisk{gate: make(chan struct{})}
	j.onDisk(d)
	j.most = 100
	results := make(chan error, 10)
	for range 10 {
		j.add(60, func(err error) { results <- err })
	}
	if err := <-results; !errors.Is(err, ErrBusy) {
		t.Errorf("got %v", err)
	}
	close(d.gate)
	mustClose(t, j)
	late := make(chan error, 1)
	j.add(1, func(err error) { late <- err })
	equal(t, <-late, ErrClosed)
}
