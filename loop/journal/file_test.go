package journal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"halley/bayeux/history"
)

func entryOf(n int) history.Entry {
	return history.Entry{ID: int64(n), At: int64(n * 10), Channel: fmt.Sprintf("/c%d", n%3), Event: strings.Repeat("x", n)}
}

func optionsFor(path string, sync Sync) Options {
	return Options{Path: path, Sync: sync, Most: 1 << 20, Log: slog.New(slog.DiscardHandler), Trouble: func(string) {},
		Image: func(_ int64, put func(history.Image)) { put(history.Image{}) }}
}

// journalAt opens a journal and returns the events that it had.
func journalAt(t testing.TB, path string, sync Sync) (*File, []history.Entry) {
	t.Helper()
	j, got, err := tryJournal(optionsFor(path, sync))
	if err != nil {
		t.Fatal(err)
	}
	return j, got
}

func tryJournal(o Options) (*File, []history.Entry, error) {
	var got []history.Entry
	j, err := Open(o, func(r Record) {
		if r.Kind == Event {
			got = append(got, r.Entry)
		}
	})
	return j, got, err
}

// add appends one event.
func (j *File) add(n int, stored func(error)) { j.Append([]history.Entry{entryOf(n)}, stored) }

func mustClose(t testing.TB, j *File) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustWrite(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Wherever a crash cuts the file off, the events before are there, what is appended
// afterwards is read, and nothing is invented.
func TestTornJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _ := journalAt(t, path, Always)
	stored := make(chan error, 50)
	for n := 1; n <= 50; n++ {
		j.add(n, func(err error) { stored <- err })
	}
	for range 50 {
		equal(t, <-stored, nil)
	}
	j.options.Image = func(_ int64, put func(history.Image)) {
		put(history.Image{Entries: []history.Entry{entryOf(49), entryOf(50)}})
		put(history.Image{Last: 50})
	}
	j.Compact()
	j.add(51, func(err error) { stored <- err })
	<-stored
	mustClose(t, j)
	whole, _ := os.ReadFile(path)
	for cut := 0; cut <= len(whole); cut++ {
		mustWrite(t, path, whole[:cut])
		j, got := journalAt(t, path, Never)
		for i, e := range got {
			equal(t, e, entryOf(49+i))
		}
		if events, _ := recordsOf(whole[:cut]); len(got) != events || j.Damaged {
			t.Errorf("cut at %d: %d events, want %d, damaged %v", cut, len(got), events, j.Damaged)
		}
		j.add(52, func(error) {})
		mustClose(t, j)
		j, got = journalAt(t, path, Never)
		equal(t, got[len(got)-1].ID, 52)
		mustClose(t, j)
	}
}

// recordsOf walks over whole records by their lengths alone: how many are events,
// and where each starts.
func recordsOf(file []byte) (events int, starts []int) {
	file = bytes.TrimPrefix(file, []byte(magic))
	for at := 0; len(file)-at >= recordHead; {
		size := recordHead + (int(file[at]) | int(file[at+1])<<8)
		if at+size > len(file) {
			break
		}
		if file[at+recordHead+17]>>(kindShift-8) == byte(Event) {
			events++
		}
		starts = append(starts, at)
		at += size
	}
	return events, starts
}

// One server has a file at a time, also after it was written anew.
func TestFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _ := journalAt(t, path, Never)
	refused := func() {
		t.Helper()
		if other, _, err := tryJournal(optionsFor(path, Never)); err == nil {
			other.Close()
			t.Error("two servers use one file")
		}
	}
	refused()
	before, _ := os.Stat(path)
	j.Compact()
	eventually(t, func() bool { after, err := os.Stat(path); return err == nil && !os.SameFile(before, after) })
	refused()
	mustClose(t, j)
	j, _ = journalAt(t, path, Never)
	mustClose(t, j)
}

// faultyDisk is a disk in memory that keeps what was synced when it loses power.
type faultyDisk struct {
	mu      sync.Mutex
	written []byte
	synced  int
	fail    bool          // writes and syncs
	stuck   bool          // it cannot be truncated
	syncs   int           // that were begun
	gate    chan struct{} // a sync takes one from it, unless it is nil
}

// WriteAt writes half of what it is to write when it fails.
func (d *faultyDisk) WriteAt(p []byte, at int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail {
		d.written = append(d.written[:at], p[:len(p)/2]...)
		return len(p) / 2, errors.New("no space")
	}
	d.written = append(d.written[:at], p...)
	return len(p), nil
}

func (d *faultyDisk) ReadAt(p []byte, at int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bytes.NewReader(d.written).ReadAt(p, at)
}

func (d *faultyDisk) Truncate(size int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stuck {
		return errors.New("I/O error")
	}
	d.written = d.written[:size]
	d.synced = min(d.synced, int(size))
	return nil
}

func (d *faultyDisk) Sync() error {
	d.mu.Lock()
	d.syncs++
	d.mu.Unlock()
	if d.gate != nil {
		<-d.gate
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail {
		return errors.New("I/O error")
	}
	d.synced = len(d.written)
	return nil
}

func (d *faultyDisk) Close() error { return nil }

func (d *faultyDisk) fails(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = on
}

// crash is what a loss of power leaves: what was synced, and some of the rest.
func (d *faultyDisk) crash() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bytes.Clone(d.written[:d.synced+rand.IntN(len(d.written)-d.synced+1)])
}

// onDisk puts another disk in place of a journal's file, once nothing is being
// written to that.
func (j *File) onDisk(d Disk) {
	idle := make(chan error)
	j.mu.Lock()
	j.buffer = appendRecord(j.buffer, Record{Last, history.Entry{}})
	j.waiting = append(j.waiting, func(err error) { idle <- err })
	j.wake.Signal()
	j.mu.Unlock()
	<-idle
	j.mu.Lock()
	defer j.mu.Unlock()
	j.file, j.size = d, 0
}

// With Always no loss of power takes what was acknowledged.
func TestAcknowledgedIsSafe(t *testing.T) {
	j, _ := journalAt(t, filepath.Join(t.TempDir(), "journal"), Always)
	d := &faultyDisk{}
	j.onDisk(d)
	var mu sync.Mutex
	acknowledged := 0
	for n := 1; n <= 2000; n++ {
		j.add(1+n%50, func(err error) {
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				acknowledged++
			}
		})
		if n%20 != 0 {
			continue
		}
		mu.Lock()
		safe := acknowledged
		mu.Unlock()
		file, found := d.crash(), 0
		if _, damaged, err := readRecords(bytes.NewReader(file), int64(len(file)), func(Record) { found++ }); damaged || err != nil || found < safe {
			t.Fatalf("%d of %d events are left, damaged %v, %v", found, safe, damaged, err)
		}
	}
	mustClose(t, j)
	equal(t, acknowledged, 2000)
}

// Interval syncs what came last too, though nothing comes after it; Never
// does not.
func TestIntervalSyncs(t *testing.T) {
	for _, sync := range []Sync{Interval, Never} {
		j, _ := journalAt(t, filepath.Join(t.TempDir(), "journal"), sync)
		d := &faultyDisk{}
		j.onDisk(d)
		stored := make(chan error)
		for range 2 {
			j.add(1, func(err error) { stored <- err })
			equal(t, <-stored, nil)
		}
		j.LookAfter()
		if sync == Interval {
			eventually(t, func() bool { return len(d.crash()) == len(d.written) })
		} else {
			equal(t, d.synced, 0)
		}
		mustClose(t, j)
	}
}
