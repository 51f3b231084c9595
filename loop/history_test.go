package loop

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halley/bayeux/history"
)

func withRules(rules ...string) func(*Config) {
	return func(c *Config) { c.Loops, c.Rules = 2, rules }
}

func subscribeFrom(id, pattern, replay string) string {
	return fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":%q,"ext":{"replay":%s}}`, id, pattern, replay)
}

// drainEvents connects until n events have come.
func (w *wire) drainEvents(id string, n int) (got []string) {
	w.t.Helper()
	for len(got) < n {
		got = append(got, events(w.bayeux(connect(id)))...)
	}
	return got
}

func TestSnapshotComesWithSubscribe(t *testing.T) {
	s := start(t, withRules("/s/** snapshot"))
	for i := range 3 {
		mustPublish(t, s, "/s/a", fmt.Sprint(i))
		mustPublish(t, s, "/s/b", fmt.Sprint(10+i))
	}
	for range 4 {
		a := dial(t, s)
		id := a.handshake()
		got := a.bayeux(subscribe(id, "/s/*"))
		equal(t, events(got), []string{"2", "12"})
		equal(t, got[2]["channel"], "/meta/subscribe")
	}
}

// A subscriber that joins while events flow has each of them once, in order: the
// last one before, and all after it.
func TestNoGapBetweenSnapshotAndLive(t *testing.T) {
	s := start(t, withRules("/s snapshot"))
	mustPublish(t, s, "/s", "0")
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
				s.Publish(publication("/s", fmt.Sprint(n)))
				time.Sleep(100 * time.Microsecond)
			}
		}
	}()
	for range 20 {
		a := dial(t, s)
		id := a.handshake()
		got := events(a.bayeux(subscribe(id, "/s")))
		got = append(got, a.drainEvents(id, 20)...)
		for k := 1; k < len(got); k++ {
			var before, now int
			fmt.Sscan(got[k-1], &before)
			fmt.Sscan(got[k], &now)
			if now != before+1 {
				t.Fatalf("%d after %d", now, before)
			}
		}
	}
	close(stop)
	<-done
}

func TestReplay(t *testing.T) {
	s := start(t, withRules("/h/** history=100"))
	for n := range 10 {
		mustPublish(t, s, fmt.Sprintf("/h/%d", n%2), fmt.Sprint(n))
	}
	a := dial(t, s)
	id := a.handshake()
	got := a.bayeux(subscribeFrom(id, "/h/**", "-2"))
	equal(t, events(got), []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"})
	equal(t, got[9]["replayId"], 10)
	b := dial(t, s)
	id = b.handshake()
	equal(t, events(b.bayeux(subscribeFrom(id, "/h/1", `{"/h/1":4}`))), []string{"5", "7", "9"})
	c := dial(t, s)
	id = c.handshake()
	got = c.bayeux(subscribeFrom(id, "/h/1", "99"))
	equal(t, got[0]["error"], "400::The replayId {99} you provided was invalid")
}

func TestEventStreamGoesOn(t *testing.T) {
	s := start(t, withRules("/h history=100"))
	for n := range 3 {
		mustPublish(t, s, "/h", fmt.Sprint(n))
	}
	for _, request := range []string{
		getRequest("/events?channel=/h", "Last-Event-ID: 1\r\n"),
		getRequest("/events?channel=/h&lastEventId=1", ""),
	} {
		_, in := dial(t, s).openStream(request)
		equal(t, line(t, in)+line(t, in), "retry: 5000")
		for id := 2; id <= 3; id++ {
			equal(t, line(t, in), fmt.Sprint("id: ", id))
			equal(t, line(t, in), fmt.Sprintf(`data: {"channel":"/h","replayId":%d,"data":%d}`, id, id-1))
			line(t, in)
		}
	}
	a := dial(t, s)
	a.send(getRequest("/events?channel=/h", "Last-Event-ID: 77\r\n"))
	equal(t, a.read().StatusCode, 400)
}

func TestHistoryFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	config := func(c *Config) {
		c.Loops, c.Rules, c.HistoryFile, c.HistorySync = 2, []string{"/h history=100", "/s snapshot"}, path, "always"
	}
	t.Run("before", func(t *testing.T) {
		s := start(t, config)
		for n := range 5 {
			mustPublish(t, s, "/h", fmt.Sprint(n))
			mustPublish(t, s, "/s", fmt.Sprint(n))
		}
		a := dial(t, s)
		equal(t, a.bayeux(publish(a.handshake(), "/h", "5"))[0]["successful"], true)
	})
	// A crash leaves half a record.
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	file.Write(appendRecord(nil, history.Entry{ID: 99, Channel: "/h", Event: "torn"})[:20])
	file.Close()
	t.Run("after", func(t *testing.T) {
		s := start(t, config)
		mustPublish(t, s, "/h", "6")
		a := dial(t, s)
		id := a.handshake()
		equal(t, events(a.bayeux(subscribeFrom(id, "/h", "-2"))), []string{"0", "1", "2", "3", "4", "5", "6"})
	})
}

// Subscribers may have had an event that a crash kept from the file: its number is
// not given to another one.
func TestNumbersAreNotGivenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	config := func(c *Config) { c.Rules, c.HistoryFile = []string{"/h history=100"}, path }
	var seen int64
	t.Run("before", func(t *testing.T) {
		s := start(t, config)
		mustPublish(t, s, "/h", "0")
		mustPublish(t, s, "/h", "1")
		a := dial(t, s)
		got := a.bayeux(subscribeFrom(a.handshake(), "/h", "-2"))
		seen = replayID(t, got[1])
	})
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	os.Truncate(path, int64(len(whole))-1)
	t.Run("after", func(t *testing.T) {
		s := start(t, config)
		mustPublish(t, s, "/h", "2")
		a := dial(t, s)
		got := a.bayeux(subscribeFrom(a.handshake(), "/h", fmt.Sprint(seen)))
		equal(t, events(got), []string{"2"})
		if id := replayID(t, got[0]); id <= seen {
			t.Errorf("%d is given to two events", id)
		}
	})
}

// Numbers go on even if nothing is left that has one.
func TestNumbersSurviveCompaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	config := func(c *Config) { c.Rules, c.HistoryFile = []string{"/h history=1ms"}, path }
	t.Run("before", func(t *testing.T) {
		s := start(t, config)
		for range compactLeast/1000 + 1 {
			batch := make([]Publication, 1000)
			for i := range batch {
				batch[i] = publication("/h", "1")[0]
			}
			if err := s.Publish(batch); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, func() bool {
			info, err := os.Stat(path)
			return err == nil && info.Size() < 100
		})
	})
	t.Run("after", func(t *testing.T) {
		s := start(t, config)
		a := dial(t, s)
		id := a.handshake()
		got := a.bayeux(subscribeFrom(id, "/h", fmt.Sprint(compactLeast+1000)))
		equal(t, got[0]["successful"], true)
	})
}

func replayID(t *testing.T, m map[string]any) int64 {
	t.Helper()
	id, err := m["replayId"].(json.Number).Int64()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	open := func() (*journal, []history.Entry) {
		var got []history.Entry
		j, err := openJournal(path, syncAlways, func(e history.Entry) { got = append(got, e) })
		if err != nil {
			t.Fatal(err)
		}
		return j, got
	}
	entryOf := func(n int) history.Entry {
		return history.Entry{ID: int64(n), At: int64(n * 10), Channel: fmt.Sprintf("/c%d", n%3), Event: strings.Repeat("x", n)}
	}
	j, got := open()
	equal(t, len(got), 0)
	stored := make(chan error, 50)
	for n := 1; n <= 50; n++ {
		j.append(entryOf(n), func(err error) { stored <- err })
	}
	for range 50 {
		if err := <-stored; err != nil {
			t.Fatal(err)
		}
	}
	j.compact([]history.Entry{entryOf(49), entryOf(50)})
	j.append(entryOf(51), func(err error) { stored <- err })
	<-stored
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	whole, _ := os.ReadFile(path)
	for cut := 0; cut <= len(whole); cut++ {
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		j, got := open()
		for i, e := range got {
			equal(t, e, entryOf(49+i))
		}
		if want := wholeRecords(whole[:cut]); len(got) != want {
			t.Errorf("cut at %d: %d entries, want %d", cut, len(got), want)
		}
		j.append(entryOf(52), func(error) {})
		j.close()
		_, again := openOnce(t, path)
		equal(t, again[len(again)-1].ID, 52)
	}
	// A flipped bit ends what is read.
	whole[len(whole)-3] ^= 1
	os.WriteFile(path, whole, 0o644)
	_, got = openOnce(t, path)
	equal(t, len(got), 2)
}

func openOnce(t *testing.T, path string) (string, []history.Entry) {
	t.Helper()
	var got []history.Entry
	j, err := openJournal(path, syncNever, func(e history.Entry) { got = append(got, e) })
	if err != nil {
		t.Fatal(err)
	}
	j.close()
	return path, got
}

func wholeRecords(file []byte) (n int) {
	for len(file) >= recordHead {
		size := recordHead + (int(file[0]) | int(file[1])<<8)
		if size > len(file) {
			break
		}
		file = file[size:]
		n++
	}
	return n
}
