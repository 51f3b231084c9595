package loop

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// streamRequests open a stream of each kind for a session.
func streamRequests(id string) map[string]string {
	return map[string]string{
		"eventsource":        getRequest("/bayeux/"+id, "Accept: text/event-stream\r\n"),
		"xhr-streaming":      streamConnect(id, "xhr-streaming"),
		"iframe":             streamConnect(id, "iframe"),
		"mime-message-block": streamConnect(id, "mime-message-block"),
	}
}

// follow reads streams, a new one on the same connection whenever one has ended,
// until it has so many events. ends is what the last line of each was. seen is told how far it is.
func (w *wire) follow(request string, count int, seen *followed) (got, ends []string, err error) {
	for {
		w.Conn.Write([]byte(request))
		response, err := http.ReadResponse(w.in, nil)
		if err != nil || response.StatusCode != 200 {
			return got, ends, fmt.Errorf("stream %d: %v %v", len(ends), response, err)
		}
		last, in := "", bufio.NewReader(response.Body)
		for len(got) < count {
			text, err := in.ReadString('\n')
			if err == io.EOF {
				break
			}
			if err != nil {
				return got, ends, err
			}
			if text = strings.TrimSpace(text); text != "" {
				last = text
			}
			got = append(got, lineEvents(w.t, text)...)
			seen.events.Store(int32(len(got)))
		}
		if len(got) >= count {
			return got, ends, nil
		}
		ends = append(ends, last)
		seen.ends.Store(int32(len(ends)))
	}
}

// followed is what a reader of streams has seen.
type followed struct{ events, ends atomic.Int32 }

// rollWindow is how many events a reader may be behind: with more in a stream than its size allows, there would be fewer streams.
const rollWindow = 6

// lineEvents are the events of a line of any stream with a Bayeux session.
func lineEvents(t testing.TB, text string) []string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "data: "), "<script>d(")
	if !strings.HasPrefix(text, "[") {
		return nil
	}
	return events(decode(t, strings.TrimSuffix(text, ")</script>")))
}

// Streams of every kind end after a size or an age and go on with the next one.
// Under a steady feed no event is lost, doubled or out of order.
func TestRollOver(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change  func(*Config)
		events  int
		every   time.Duration
		streams int
	}{
		"size": {func(c *Config) { c.StreamBytes = 1 << 10 }, 120, 2 * time.Millisecond, 5},
		"age":  {func(c *Config) { c.StreamAge, c.Heartbeat = time.Second, 100*time.Millisecond }, 250, 10 * time.Millisecond, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(c *Config) { c.Loops = 3; row.change(c) })
			id := make(map[string]string)
			home := dial(t, s)
			for kind := range streamRequests("") {
				id[kind] = home.subscriber("/a")
			}
			home.hears(id["eventsource"])
			var readers sync.WaitGroup
			var all []*followed
			for kind, session := range id {
				w, request, seen := dial(t, s), streamRequests(session)[kind], new(followed)
				all = append(all, seen)
				readers.Go(func() { mustRollOver(w, kind, request, row.events, seen) })
			}
			for n := range row.events {
				ends := 0
				if n == row.events-1 {
					ends = row.streams
				}
				eventually(t, func() bool {
					return t.Failed() || !slices.ContainsFunc(all, func(f *followed) bool {
						return int(f.events.Load()) < n-rollWindow || int(f.ends.Load()) < ends
					})
				})
				mustPublish(t, s, "/a", fmt.Sprintf(`"%d%s"`, n, strings.Repeat("x", 60)))
				time.Sleep(row.every)
			}
			readers.Wait()
			equal(t, s.Stats().Panics, 0)
		})
	}
}

func mustRollOver(w *wire, kind, request string, count int, seen *followed) {
	got, ends, err := w.follow(request, count, seen)
	if err != nil {
		w.t.Errorf("%s: %v", kind, err)
	}
	for n, text := range got {
		if !strings.HasPrefix(text, fmt.Sprintf(`"%dx`, n)) {
			w.t.Errorf("%s: event %d is %.8s", kind, n, text)
			break
		}
	}
	for _, end := range ends {
		want := map[string]string{"eventsource": "retry: 1", "mime-message-block": "--halley-part--"}[kind]
		if want != "" && end != want {
			w.t.Errorf("%s: a stream ends with %q, want %q", kind, end, want)
		}
	}
}

// An event-stream whose client nobody would give what it missed is not ended.
func TestEventsDoNotRollOver(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.StreamBytes, c.StreamAge, c.Heartbeat = 1<<10, time.Second, 100*time.Millisecond })
	w := dial(t, s)
	_, in := w.openStream(getRequest("/events?channel=/a", ""))
	for n := range 110 {
		mustPublish(t, s, "/a", fmt.Sprintf(`"%d%s"`, n, strings.Repeat("x", 20)))
		for text := ""; !strings.HasPrefix(text, fmt.Sprintf(`data: {"channel":"/a","data":"%dx`, n)); text = line(t, in) {
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A drain ends every stream whole, and closes websockets, whose held connects need no
// answer then.
func TestDrainOfStreams(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *Config) { c.Loops, c.DrainTimeout = 3, deadline })
	home := dial(t, s.Server)
	kinds := streamRequests("")
	kinds["events"] = ""
	bodies := make(map[string]*bufio.Reader)
	for kind := range kinds {
		request := getRequest("/events?channel=/a", "")
		if kind != "events" {
			request = streamRequests(home.subscriber("/a"))[kind]
		}
		_, bodies[kind] = dial(t, s.Server).openStream(request)
	}
	var sockets []*wire
	for range 4 {
		w := socketOf(t, s.Server)
		w.frame(1, wsConnect(w.session("/a")))
		sockets = append(sockets, w)
	}
	bare := socketOf(t, s.Server)
	eventually(t, func() bool { return s.Stats().Held == 4 })
	s.stop()
	for kind, in := range bodies {
		text, err := io.ReadAll(in)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if strings.Count(string(text), "retry") != 1 { // at its beginning, for everyday
			t.Errorf("%s: %q", kind, text)
		}
	}
	for _, w := range sockets {
		equal(t, len(w.mustCloseWith(1001)), 0)
	}
	bare.mustCloseWith(1001)
	s.wait(t)
}
