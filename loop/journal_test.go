package loop

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"halley/bayeux/history"
)

func entryOf(n int) history.Entry {
	return history.Entry{ID: int64(n), At: int64(n * 10), Channel: fmt.Sprintf("/c%d", n%3), Event: strings.Repeat("x", n)}
}

func optionsFor(path string, sync journalSync) journalOptions {
	return journalOptions{path: path, sync: sync, most: 1 << 20, log: slog.New(slog.DiscardHandler), trouble: func(string) {},
		image: func(_ int64, put func(history.Image)) { put(history.Image{}) }}
}

// journalAt opens a journal and returns the events that it had.
func journalAt(t testing.TB, path string, sync journalSync) (*journal, []history.Entry) {
	t.Helper()
	j, got, err := tryJournal(optionsFor(path, sync))
	if err != nil {
		t.Fatal(err)
	}
	return j, got
}

func tryJournal(o journalOptions) (*journal, []history.Entry, error) {
	var got []history.Entry
	j, err := openJournal(o, func(r record) {
		if r.kind == recordEvent {
			got = append(got, r.Entry)
		}
	})
	return j, got, err
}

// add appends one event.
func (j *journal) add(n int, stored func(error)) { j.append([]history.Entry{entryOf(n)}, stored) }

func mustClose(t testing.TB, j *journal) {
	t.Helper()
	if err := j.close(); err != nil {
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
	j, _ := journalAt(t, path, syncAlways)
	stored := make(chan error, 50)
	for n := 1; n <= 50; n++ {
		j.add(n, func(err error) { stored <- err })
	}
	for range 50 {
		equal(t, <-stored, nil)
	}
	j.image = func(_ int64, put func(history.Image)) {
		put(history.Image{Entries: []history.Entry{entryOf(49), entryOf(50)}})
		put(history.Image{Last: 50})
	}
	j.compact()
	j.add(51, func(err error) { stored <- err })
	<-stored
	mustClose(t, j)
	whole, _ := os.ReadFile(path)
	for cut := 0; cut <= len(whole); cut++ {
		mustWrite(t, path, whole[:cut])
		j, got := journalAt(t, path, syncNever)
		for i, e := range got {
			equal(t, e, entryOf(49+i))
		}
		if events, _ := recordsOf(whole[:cut]); len(got) != events || j.damaged {
			t.Errorf("cut at %d: %d events, want %d, damaged %v", cut, len(got), events, j.damaged)
		}
		j.add(52, func(error) {})
		mustClose(t, j)
		j, got = journalAt(t, path, syncNever)
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
		if file[at+recordHead+17]>>(kindShift-8) == byte(recordEvent) {
			events++
		}
		starts = append(starts, at)
		at += size
	}
	return events, starts
}

// Whatever bit flips, the record that it is in is lost alone, and damage before
// others is told.
func TestFlippedBits(t *testing.T) {
	var whole []byte
	for n := 1; n <= 12; n++ {
		whole = appendRecord(whole, record{recordEvent, entryOf(n)})
	}
	_, starts := recordsOf(whole)
	for bit := range 8 * len(whole) {
		file := bytes.Clone(whole)
		file[bit/8] ^= 1 << (bit % 8)
		var got []int
		_, damaged, err := readRecords(bytes.NewReader(file), int64(len(file)), func(r record) {
			equal(t, r.Entry, entryOf(int(r.ID)))
			got = append(got, int(r.ID))
		})
		hit, _ := slices.BinarySearch(starts, bit/8+1)
		want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
		want = slices.Delete(want, hit-1, hit)
		if err != nil || !slices.Equal(got, want) || damaged != (hit < 12) {
			t.Fatalf("bit %d of byte %d: %v, damaged %v, %v", bit%8, bit/8, got, damaged, err)
		}
	}
}

// What is read is what the file has, byte for byte, and nothing of anything else.
func FuzzReadRecords(f *testing.F) {
	two := appendRecord(appendRecord(nil, record{recordEvent, entryOf(1)}), record{recordFloor, entryOf(2)})
	f.Add(two, 0, byte(0))
	f.Add(two, 9, byte(1))
	f.Add(two[:40], 3, byte(255))
	f.Add([]byte("no history file"), 0, byte(0))
	f.Add(make([]byte, 100), 0, byte(0))
	f.Fuzz(func(t *testing.T, data []byte, at int, flip byte) {
		if len(data) > 0 {
			data = bytes.Clone(data)
			data[uint(at)%uint(len(data))] ^= flip
		}
		var read []byte
		end, damaged, err := readRecords(bytes.NewReader(data), int64(len(data)), func(r record) { read = appendRecord(read, r) })
		if err == nil && !damaged && !bytes.Equal(read, data[:end]) || err != nil && len(read) > 0 || !subsequence(read, data) {
			t.Fatalf("read %q of %q up to %d, damaged %v, %v", read, data, end, damaged, err)
		}
	})
}

// subsequence tells whether part is what is left of whole when some of it goes.
func subsequence(part, whole []byte) bool {
	for _, b := range whole {
		if len(part) > 0 && part[0] == b {
			part = part[1:]
		}
	}
	return len(part) == 0
}

// A file of the first version is read: it has events alone, and where it was written
// anew nobody knows what was there before.
func TestFirstVersionOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	var file []byte
	for _, e := range []history.Entry{
		{ID: 3, Channel: "/a", Event: `{"channel":"/a","replayId":3,"data":3}`},
		{ID: 8, Channel: "/b", Event: `{"channel":"/b","replayId":8,"data":8}`},
		{ID: 9},
		{ID: 10, Channel: "/a", Event: `{"channel":"/a","replayId":10,"data":10}`},
	} {
		file = appendRecord(file, record{recordEvent, e})
	}
	mustWrite(t, path, file)
	s := start(t, func(c *Config) { c.Rules, c.HistoryFile = []string{"/** history=100"}, path })
	eventually(t, func() bool { data, err := os.ReadFile(path); return err == nil && bytes.HasPrefix(data, []byte(magic)) })
	for _, row := range []struct {
		pattern string
		after   int64
		want    []string
	}{{"/a", 1, nil}, {"/a", 2, []string{"3", "10"}}, {"/b", 6, nil}, {"/b", 7, []string{"8"}}, {"/c", 8, nil}, {"/c", 9, []string{}}, {"/**", 9, []string{"10"}}} {
		got := replayTo(t, s, row.pattern, row.after)
		equal(t, got[len(got)-1]["successful"], row.want != nil)
		if len(row.want) > 0 {
			equal(t, events(got), row.want)
		}
	}
}

// One server has a file at a time, also after it was written anew.
func TestFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _ := journalAt(t, path, syncNever)
	refused := func() {
		t.Helper()
		if other, _, err := tryJournal(optionsFor(path, syncNever)); err == nil {
			other.close()
			t.Error("two servers use one file")
		}
	}
	refused()
	before, _ := os.Stat(path)
	j.compact()
	eventually(t, func() bool { after, err := os.Stat(path); return err == nil && !os.SameFile(before, after) })
	refused()
	mustClose(t, j)
	j, _ = journalAt(t, path, syncNever)
	mustClose(t, j)
}

// After damage a server has what is left, but no cursor passes over what is not;
// and the file is whole again.
func TestDamagedHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	config := func(c *Config) { c.Rules, c.HistoryFile = []string{"/h history=100"}, path }
	var first int64
	t.Run("before", func(t *testing.T) {
		s := start(t, config)
		for n := 1; n <= 5; n++ {
			mustPublish(t, s, "/h", fmt.Sprint(n))
		}
		first = nth(s, 1)
	})
	file, _ := os.ReadFile(path)
	file[bytes.Index(file, []byte(`"data":3`))] ^= 4
	mustWrite(t, path, file)
	for n := 6; n <= 7; n++ {
		t.Run("after", func(t *testing.T) {
			s := start(t, config)
			for after := range int64(5) {
				equal(t, replayTo(t, s, "/h", first+after)[0]["successful"], false)
			}
			mustPublish(t, s, "/h", fmt.Sprint(n))
			equal(t, events(replayTo(t, s, "/h", -2)), []string{"1", "2", "4", "5", "6", "7"}[:n-1])
		})
		file, _ = os.ReadFile(path)
		file = bytes.TrimPrefix(file, []byte(magic))
		if _, damaged, err := readRecords(bytes.NewReader(file), int64(len(file)), func(record) {}); damaged || err != nil {
			t.Errorf("the file is damaged still: %v", err)
		}
	}
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

// crash is what a loss of power leaves: what was synced, and some of the rest.
func (d *faultyDisk) crash() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bytes.Clone(d.written[:d.synced+rand.IntN(len(d.written)-d.synced+1)])
}

// onDisk puts another disk in place of a journal's file, once nothing is being
// written to that.
func (j *journal) onDisk(d disk) {
	idle := make(chan error)
	j.mu.Lock()
	j.buffer = appendRecord(j.buffer, record{recordLast, history.Entry{}})
	j.waiting = append(j.waiting, func(err error) { idle <- err })
	j.wake.Signal()
	j.mu.Unlock()
	<-idle
	j.mu.Lock()
	defer j.mu.Unlock()
	j.file, j.size = d, 0
}

// With syncAlways no loss of power takes what was acknowledged.
func TestAcknowledgedIsSafe(t *testing.T) {
	j, _ := journalAt(t, filepath.Join(t.TempDir(), "journal"), syncAlways)
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
		if _, damaged, err := readRecords(bytes.NewReader(file), int64(len(file)), func(record) { found++ }); damaged || err != nil || found < safe {
			t.Fatalf("%d of %d events are left, damaged %v, %v", found, safe, damaged, err)
		}
	}
	mustClose(t, j)
	equal(t, acknowledged, 2000)
}

// syncInterval syncs what came last too, though nothing comes after it; syncNever
// does not.
func TestIntervalSyncs(t *testing.T) {
	for _, sync := range []journalSync{syncInterval, syncNever} {
		j, _ := journalAt(t, filepath.Join(t.TempDir(), "journal"), sync)
		d := &faultyDisk{}
		j.onDisk(d)
		stored := make(chan error)
		for range 2 {
			j.add(1, func(err error) { stored <- err })
			equal(t, <-stored, nil)
		}
		j.beat()
		if sync == syncInterval {
			eventually(t, func() bool { return len(d.crash()) == len(d.written) })
		} else {
			equal(t, d.synced, 0)
		}
		mustClose(t, j)
	}
}
