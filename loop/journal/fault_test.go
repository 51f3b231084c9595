package journal

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

// witness is a journal under observation: what it logs and says of its health, and
// its clock.
type witness struct {
	*File
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
func observed(t *testing.T, path string, sync Sync, events *int) *witness {
	t.Helper()
	w := &witness{clock: time.Unix(1000, 0)}
	o := optionsFor(path, sync)
	o.Log = slog.New(slog.NewTextHandler(w, nil))
	o.Trouble = func(why string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.troubles = append(w.troubles, why)
	}
	o.Image = func(_ int64, put func(history.Image)) {
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
	w.File = j
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
	w.LookAfter()
	w.write(0) // handled with it or after it
}

// What was answered with an error is not on the disk, whatever of it had got there;
// once the disk can be written again, so is the journal.
func TestFullDisk(t *testing.T) {
	for _, kind := range []string{"write", "real"} {
		t.Run(kind, func(t *testing.T) {
			known := 1
			path := filepath.Join(t.TempDir(), "journal")
			w := observed(t, path, Always, &known)
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
			counts, failing := w.Usage()
			equal(t, []any{counts.Refused, failing}, []any{uint64(3), true})
			w.lookAfter()
			if w.write(2) == nil {
				t.Error("it is well though the disk is full")
			}
			restore()
			w.advance(time.Hour)
			w.LookAfter()
			eventually(t, func() bool { return w.write(3) == nil })
			equal(t, w.trouble(), "")
			if !strings.Contains(w.log(), "can be written again") {
				t.Errorf("logged %s", w.log())
			}
			left := d.written
			if w.Close(); kind == "real" {
				left, _ = os.ReadFile(path)
				left = bytes.TrimPrefix(left, []byte(magic))
			}
			var ids []int64
			readRecords(bytes.NewReader(left), int64(len(left)), func(r Record) { ids = append(ids, r.ID) })
			equal(t, ids, []int64{1, 3})
		})
	}
}

// full lets a disk fail, or the real one by the limit of a file's size, until the
// function that it returns is called.
func (d *faultyDisk) full(t *testing.T, path, kind string) (restore func()) {
	set := d.fails
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
	for name, d := range map[string]Disk{"sync": &unsynced{}, "rest": &faultyDisk{fail: true, stuck: true}} {
		t.Run(name, func(t *testing.T) {
			path, known := filepath.Join(t.TempDir(), "journal"), 1
			w := observed(t, path, Always, &known)
			equal(t, w.write(1), nil)
			w.onDisk(d)
			if w.write(2) == nil {
				t.Fatal("what failed is answered for")
			}
			w.LookAfter()
			eventually(t, func() bool { return w.write(3) == nil })
			mustClose(t, w.File)
			j, got := journalAt(t, path, Never)
			equal(t, []any{len(got), got[0].ID, got[1].ID}, []any{2, int64(1), int64(3)})
			mustClose(t, j)
		})
	}
}

// unsynced is a disk that syncs never.
type unsynced struct{ faultyDisk }

func (*unsynced) Sync() error { return errors.New("I/O error") }

// A sync that fails beside the writes counts, also where one of these has failed since.
func TestNothingWaitsForTheIntervalsSync(t *testing.T) {
	for _, failing := range []bool{false, true} {
		known := 0
		w := observed(t, filepath.Join(t.TempDir(), "journal"), Interval, &known)
		d := &faultyDisk{gate: make(chan struct{})}
		w.onDisk(d)
		w.advance(time.Hour)
		equal(t, w.write(1), nil)
		eventually(t, func() bool {
			w.LookAfter()
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
		eventually(t, func() bool { w.lookAfter(); counts, _ := w.Usage(); return counts.Rewrites == 1 })
		equal(t, w.write(9), nil)
		mustClose(t, w.File)
	}
}

// Only so many bytes wait for a slow disk: more are refused at once.
func TestSlowDiskIsBusy(t *testing.T) {
	j, _ := journalAt(t, filepath.Join(t.TempDir(), "journal"), Always)
	d := &faultyDisk{gate: make(chan struct{})}
	j.onDisk(d)
	j.options.Most = 100
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
