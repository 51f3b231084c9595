package loop

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
)

// durable is a server whose history is on a disk that can be told to fail.
func durable(t *testing.T, rules ...string) (*Server, *faultyDisk) {
	s := start(t, func(c *Config) {
		c.Loops, c.Rules, c.HistorySync = 2, rules, "always"
		c.HistoryFile = filepath.Join(t.TempDir(), "history")
	})
	d := &faultyDisk{}
	s.store.file.onDisk(d)
	return s, d
}

func (d *faultyDisk) fails(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = on
}

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
	equal(t, []any{stats.HistoryFailing, stats.HistoryRefused, stats.HistoryEvents}, []any{1, uint64(3), 1})
	d.fails(false)
	s.store.file.beat()
	eventually(t, func() bool { return len(s.Unready()) == 0 })
	if err := s.Publish(append(batch, publication("/h", "3")...)); err != nil {
		t.Fatal(err)
	}
	equal(t, events(replayTo(t, s, "/h", -2)), []string{"1", "2", "3"})
	equal(t, w.drainEvents(id, 4), []string{"1", "2", "3", "2"})
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
	eventually(t, func() bool { return s.store.file.appended() == 1 })
	mustPublish(t, s, "/s", "2")
	equal(t, w.drainEvents(id, 1), []string{"2"})
	equal(t, events(replayTo(t, s, "/h", -2)), []string(nil))
	close(d.gate)
	equal(t, a.messages()[0]["successful"], true)
	equal(t, w.drainEvents(id, 1), []string{"1"})
	equal(t, events(replayTo(t, s, "/h", -2)), []string{"1"})
}

// Readers and publishers of other channels wait for no writer, however long its batch
// takes to stand in line.
func TestReadersWaitForNoWriter(t *testing.T) {
	s, _ := durable(t, "/h history=100", "/s snapshot")
	mustPublish(t, s, "/h", "1")
	j := s.store.file
	j.mu.Lock()
	published := make(chan error)
	last := func() int64 { s.store.lock(); defer s.store.unlock(); return s.store.past.Last() }
	before := last()
	go func() { published <- s.Publish(append(publication("/h", "2"), publication("/h", "3")...)) }()
	eventually(t, func() bool { return last() == before+2 })
	mustPublish(t, s, "/s", "4")
	equal(t, events(replayTo(t, s, "/h", -2)), []string{"1"})
	j.mu.Unlock()
	equal(t, <-published, nil)
	equal(t, events(replayTo(t, s, "/h", -2)), []string{"1", "2", "3"})
}
