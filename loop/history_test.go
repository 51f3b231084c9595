package loop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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

// nth is the number of the nth event of a server that has no history file.
func nth(s *Server, n int) int64 { return s.start.UnixMicro() + int64(n) - 1 }

func TestSnapshotComesWithConnect(t *testing.T) {
	s := start(t, withRules("/s/** snapshot"))
	for i := range 3 {
		mustPublish(t, s, "/s/a", fmt.Sprint(i))
		mustPublish(t, s, "/s/b", fmt.Sprint(10+i))
	}
	for range 4 {
		a := dial(t, s)
		id := a.handshake()
		alone := a.bayeux(subscribe(id, "/s/*")) // clients take its first message for the reply
		equal(t, len(alone), 1)
		got := a.bayeux(connect(id))
		equal(t, events(got), []string{"2", "12"})
		equal(t, got[2]["channel"], "/meta/connect")
	}
}

// A subscriber that joins while events flow has each of them once, in order: the
// last one before, and all after it.
func TestNoGapBetweenSnapshotAndLive(t *testing.T) {
	s := start(t, func(c *Config) { // with room for what comes while a client does not poll
		withRules("/s snapshot")(c)
		c.QueueMessages, c.QueueBytes = 1<<20, 256<<20
	})
	mustPublish(t, s, "/s", "0")
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 1; ; {
			select {
			case <-stop:
				return
			default:
				if s.Publish(publication("/s", fmt.Sprint(n))) == nil { // else a loop is behind
					n++
				}
				time.Sleep(100 * time.Microsecond)
			}
		}
	}()
	for range 20 {
		a := dial(t, s)
		id := a.handshake()
		got := events(a.join(id, subscribe(id, "/s")))
		got = append(got, a.collect(id, 20)...)
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
	got := a.join(id, subscribeFrom(id, "/h/**", "-2"))
	equal(t, events(got), []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"})
	equal(t, got[9]["replayId"], nth(s, 10))
	b := dial(t, s)
	id = b.handshake()
	equal(t, events(b.join(id, subscribeFrom(id, "/h/1", fmt.Sprintf(`{"/h/1":%d}`, nth(s, 4))))), []string{"5", "7", "9"})
	c := dial(t, s)
	id = c.handshake()
	got = c.join(id, subscribeFrom(id, "/h/1", "99"))
	equal(t, got[0]["error"], "400::The replayId {99} you provided was invalid")
}

func TestEventStreamGoesOn(t *testing.T) {
	s := start(t, withRules("/h history=100"))
	for n := range 3 {
		mustPublish(t, s, "/h", fmt.Sprint(n))
	}
	for _, request := range []string{
		getRequest("/events?channel=/h", fmt.Sprintf("Last-Event-ID: %d\r\n", nth(s, 1))),
		getRequest(fmt.Sprint("/events?channel=/h&lastEventId=", nth(s, 1)), ""),
	} {
		_, in := dial(t, s).openStream(request)
		equal(t, line(t, in)+line(t, in), "retry: 5000")
		for n := 2; n <= 3; n++ {
			equal(t, line(t, in), fmt.Sprint("id: ", nth(s, n)))
			equal(t, line(t, in), fmt.Sprintf(`data: {"channel":"/h","replayId":%d,"data":%d}`, nth(s, n), n-1))
			line(t, in)
		}
	}
	a := dial(t, s)
	a.send(getRequest("/events?channel=/h&lastEventId=77", ""))
	equal(t, a.read().StatusCode, 400)
}

// What a browser saw last may be forgotten. An error would be the end for its
// EventSource: it is told of the gap, and gets what is left.
func TestEventStreamGoesOnAfterAGap(t *testing.T) {
	for policy, want := range map[history.Expired][]int{"error": {0, 1}, "earliest": {0, 1}, "tip": nil} {
		s := start(t, func(c *Config) { c.Rules, c.HistoryExpired = []string{"/h history=100"}, policy })
		for n := range 2 {
			mustPublish(t, s, "/h", fmt.Sprint(n))
		}
		_, in := dial(t, s).openStream(getRequest("/events?channel=/h", "Last-Event-ID: 77\r\n"))
		mustPublish(t, s, "/h", "2")
		equal(t, line(t, in)+line(t, in), "retry: 5000")
		equal(t, line(t, in), "event: gap")
		equal(t, line(t, in), `data: {"channel":"/meta/connect","successful":true,"ext":{"dropped":{"/h":1}}}`)
		line(t, in)
		for _, n := range append(want, 2) {
			id := nth(s, n+1)
			equal(t, line(t, in), fmt.Sprint("id: ", id))
			equal(t, line(t, in), fmt.Sprintf(`data: {"channel":"/h","replayId":%d,"data":%d}`, id, n))
			equal(t, line(t, in), "")
		}
	}
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
	// A crash leaves part of a record, as the first one begins.
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records := file[bytes.IndexByte(file, '\n')+1:]
	mustWrite(t, path, append(file, records[:20]...))
	t.Run("after", func(t *testing.T) {
		s := start(t, config)
		mustPublish(t, s, "/h", "6")
		a := dial(t, s)
		id := a.handshake()
		equal(t, events(a.join(id, subscribeFrom(id, "/h", "-2"))), []string{"0", "1", "2", "3", "4", "5", "6"})
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
		id := a.handshake()
		got := a.join(id, subscribeFrom(id, "/h", "-2"))
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
		id := a.handshake()
		got := a.join(id, subscribeFrom(id, "/h", fmt.Sprint(seen)))
		equal(t, events(got), []string{"2"})
		if id := replayID(t, got[0]); id <= seen {
			t.Errorf("%d is given to two events", id)
		}
	})
}

// What was compacted away is told after a restart, and numbers go on.
func TestFloorsSurviveCompaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	config := func(c *Config) {
		c.Rules, c.HistoryFile = []string{"/h/* history=2", "/gone history=1ms", "/s snapshot"}, path
	}
	const bloated = 10_000 // events, before which a file is not written anew
	var early, last int64
	t.Run("before", func(t *testing.T) {
		s := start(t, config)
		mustPublish(t, s, "/h/quiet", `"quiet"`)
		mustPublish(t, s, "/s", `"stale"`)
		for range bloated/1000 + 1 {
			batch := make([]Publication, 1000)
			for i := range batch {
				batch[i] = publication([]string{"/h/busy", "/gone"}[i%2], "1")[0]
			}
			if err := s.Publish(batch); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, func() bool {
			info, err := os.Stat(path)
			return err == nil && info.Size() < 1000
		})
		early, last = nth(s, 1), nth(s, 2+bloated+1000)
	})
	t.Run("after", func(t *testing.T) {
		s := start(t, config)
		for _, row := range []struct {
			pattern string
			after   int64
			want    any // events or an error
		}{
			{"/h/quiet", early - 2, nil},
			{"/h/quiet", early, []string(nil)},
			{"/h/quiet", -2, []string{`"quiet"`}},
			{"/h/busy", early + 2, nil},
			{"/h/*", early, nil},
			{"/gone", early, nil},
			{"/h/never", last - 1, nil},
			{"/h/busy", last - 6, nil},
			{"/h/busy", last - 5, []string{"1", "1"}},
			{"/h/*", last - 1, nil}, // the channel that is gone could be one of them
			{"/h/*", last, []string(nil)},
			{"/gone", last, []string(nil)},
			{"/h/*", last + 1<<40, nil},
			{"/s", -2, []string(nil)},
		} {
			got := replayTo(t, s, row.pattern, row.after)
			if row.want == nil {
				equal(t, got[0]["error"], fmt.Sprintf("400::The replayId {%d} you provided was invalid", row.after))
			} else {
				equal(t, events(got), row.want)
			}
		}
		mustPublish(t, s, "/h/busy", "2")
		got := replayTo(t, s, "/h/busy", last)
		if number := replayID(t, got[0]); number <= last {
			t.Errorf("%d after %d", number, last)
		}
	})
}

// A server that remembers nothing of the last run tells a client so, whatever the
// policy: its cursor is not taken for one of this run.
func TestRestartWithoutFile(t *testing.T) {
	for policy, want := range map[string][]string{"error": nil, "earliest": {"1", "2"}, "tip": nil} {
		config := func(c *Config) { c.Rules, c.HistoryExpired = []string{"/h history=100"}, history.Expired(policy) }
		var before int64
		t.Run("before "+policy, func(t *testing.T) {
			s := start(t, config)
			mustPublish(t, s, "/h", "0")
			before = replayID(t, replayTo(t, s, "/h", -2)[0])
		})
		t.Run("after "+policy, func(t *testing.T) {
			s := start(t, config)
			mustPublish(t, s, "/h", "1")
			mustPublish(t, s, "/h", "2")
			if nth(s, 1) <= before {
				t.Fatalf("a run begins with %d after %d", nth(s, 1), before)
			}
			for _, cursor := range []int64{before, 5000, nth(s, 3), 1 << 60} {
				got := replayTo(t, s, "/h", cursor)
				equal(t, got[len(got)-1]["successful"], policy != "error")
				equal(t, events(got), want)
			}
		})
	}
}

// replayTo is what a new subscriber gets from a cursor on, and the reply to its subscribe.
func replayTo(t testing.TB, s *Server, pattern string, after int64) []map[string]any {
	t.Helper()
	w := dial(t, s)
	id := w.handshake()
	got := w.join(id, subscribeFrom(id, pattern, fmt.Sprint(after)))
	return got[:len(got)-1]
}

func replayID(t *testing.T, m map[string]any) int64 {
	t.Helper()
	number, _ := m["replayId"].(json.Number)
	id, err := number.Int64()
	if err != nil {
		t.Fatal(err)
	}
	return id
}
