package loop

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"halley/loop/journal"
)

// faultyDisk is the disk of a history file, which can be told to fail and to wait.
type faultyDisk struct {
	journal.Disk
	mu   sync.Mutex
	fail bool
	gate chan struct{} // a sync waits until it is closed, unless it is nil
}

// under puts the disk below the history file of a server.
func (d *faultyDisk) under(file *os.File) journal.Disk {
	d.Disk = file
	return d
}

func (d *faultyDisk) fails(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = on
}

// WriteAt implements journal.Disk.
func (d *faultyDisk) WriteAt(p []byte, at int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail {
		return 0, errors.New("no space")
	}
	return d.Disk.WriteAt(p, at)
}

// Sync implements journal.Disk.
func (d *faultyDisk) Sync() error {
	d.mu.Lock()
	gate := d.gate
	d.mu.Unlock()
	if gate != nil {
		<-gate
	}
	return d.Disk.Sync()
}

// durable is a server whose history is on a disk that can be told to fail.
func durable(t *testing.T, rules ...string) (*Server, *faultyDisk) {
	d := new(faultyDisk)
	return start(t, func(c *Config) {
		c.Loops, c.Rules, c.HistorySync, c.disk = 2, rules, "always", d.under
		c.HistoryFile = filepath.Join(t.TempDir(), "history")
	}), d
}

// appended is how many events the history file of a server has, or is to have.
func appended(s *Server) int { return s.local.Usage().File.Events }

// What is refused since it could not be written reaches nobody, is not remembered,
// and takes the rest of its batch along. Once it is published again, it comes once.
func TestRefusedIsNotDelivered(t *testing.T) {
	s, d := durable(t, "/h history=100 snapshot")
	w := dial(t, s)
	id := w.handshake()
	w.bayeux(fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":["/h","/other"]}`, id))
	mustPublish(t, s, "/h", "1")
	d.fails(true)
	batch := append(publication("/other", "2"), publication("/h", "2")...)
	for range 2 {
		if err := s.Publish(batch); !errors.Is(err, ErrHistory) {
			t.Fatalf("got %v", err)
		}
	}
	a := dial(t, s)
	other := a.handshake()
	equal(t, a.bayeux(publish(other, "/h", "2"))[0]["error"], "500::history_not_written")
	equal(t, s.Unready(), []string{"history file: no space"})
	stats := s.Stats()
	equal(t, []any{stats.History.Failing, stats.History.File.Refused, stats.History.Events}, []any{true, uint64(3), 1})
	d.fails(false)
	eventually(t, func() bool { return len(s.Unready()) == 0 })
	if err := s.Publish(append(batch, publication("/h", "3")...)); err != nil {
		t.Fatal(err)
	}
	equal(t, events(replayTo(t, s, "/h", -2)), []string{"1", "2", "3"})
	equal(t, w.collect(id, 4), []string{"1", "2", "3", "2"})
}

// An event is on its way to its subscribers when it is stored, and not before, in the
// order of its number; others do not wait for it.
func TestDeliveredWhenStored(t *testing.T) {
	s, d := durable(t, "/h history=100", "/s snapshot")
	w := dial(t, s)
	id := w.handshake()
	w.bayeux(fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":["/h","/s"]}`, id))
	d.mu.Lock()
	d.gate = make(chan struct{})
	d.mu.Unlock()
	a := dial(t, s)
	a.send(post(publish(a.handshake(), "/h", "1")))
	eventually(t, func() bool { return appended(s) == 1 })
	mustPublish(t, s, "/s", "2")
	equal(t, w.collect(id, 1), []string{"2"})
	equal(t, events(replayTo(t, s, "/h", -2)), []string(nil))
	close(d.gate)
	equal(t, a.messages()[0]["successful"], true)
	equal(t, w.collect(id, 1), []string{"1"})
	equal(t, events(replayTo(t, s, "/h", -2)), []string{"1"})
}
