package loop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// logText is a log in memory.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// requests are the lines of requests, each as "METHOD PATH STATUS TYPE", with held where that is so.
func (l *logText) requests(t *testing.T) (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		var p struct {
			Msg, Method, Path, Type, Client string
			Status, Bytes                   int
			Ms                              float64
			Held                            bool
		}
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if p.Msg != "request" {
			continue
		}
		if !strings.HasPrefix(p.Client, "127.0.0.1:") || p.Ms < 0 || (p.Status != 0) != (p.Bytes > 0) {
			t.Errorf("odd line %s", line)
		}
		text := fmt.Sprintf("%s %s %d %s", p.Method, p.Path, p.Status, p.Type)
		if p.Held {
			text += " held"
		}
		lines = append(lines, text)
	}
	return lines
}

// logging is a server that logs one of every requests, and its log.
func logging(t *testing.T, every int) (*Server, *logText) {
	text := new(logText)
	return start(t, func(c *Config) {
		c.LogRequests = every
		c.Log = slog.New(slog.NewJSONHandler(text, nil))
	}), text
}

// Each request has its line when its answer goes, whatever becomes of it, and no line has a query or a clientId.
func TestRequestsAreLogged(t *testing.T) {
	t.Parallel()
	s, log := logging(t, 1)
	w := dial(t, s)
	id := w.handshake()
	w.bayeux(connect(id))
	w.holdConnect(s, id)
	if ended, err := s.Disconnect(t.Context(), id); err != nil || !ended {
		t.Fatal(ended, err)
	}
	w.messages()
	w.ask(request("GET", "/nothing?secret=1"))
	dial(t, s).ask("nonsense\r\n\r\n")
	dial(t, s).openStream(getRequest("/events?channel=/a", ""))
	socketOf(t, s)
	other := dial(t, s)
	source := other.subscriber("/b")
	dial(t, s).openStream(getRequest("/bayeux/"+source, "Accept: text/event-stream\r\n"))
	dial(t, s).ask(request("GET", "/bayeux/"+source, "Accept: text/event-stream", "Origin: http://stranger.example"))
	other.ask(postWith("/bayeux/"+source, connect(id)))
	gone := dial(t, s)
	gone.holdConnect(s, source)
	gone.Close()
	want := []string{
		"POST /bayeux 200 long-polling", "POST /bayeux 200 long-polling", "POST /bayeux 200 long-polling held", "GET /nothing 404 none",
		"- - 400 none", "GET /events 200 events", "GET /bayeux 101 websocket", "POST /bayeux 200 long-polling", "POST /bayeux 200 long-polling",
		"GET /bayeux/* 200 eventsource", "GET /bayeux/* 403 none", "POST /bayeux/* 200 long-polling", "POST /bayeux 0 long-polling held",
	}
	eventually(t, func() bool { return len(log.requests(t)) >= len(want) })
	equal(t, log.requests(t), want)
}

// One of so many is logged, none without the flag, and what is not written in time is counted and holds up nobody.
func TestRequestsAreSampled(t *testing.T) {
	t.Parallel()
	s, log := logging(t, 4)
	quiet, none := logging(t, 0)
	for _, on := range []*Server{s, quiet} {
		w := dial(t, on)
		for range 12 {
			w.ask(request("GET", "/nothing"))
		}
	}
	eventually(t, func() bool { return len(log.requests(t)) == 3 })
	equal(t, len(none.requests(t)), 0)

	full := newRequestLines()
	l := newRequestLog(1, full)
	for range maxLines + 5 {
		l.open[0] = new(requestLine)
		l.answers(&conn{}, 200, 1)
	}
	equal(t, full.dropped.Load(), 5)
	equal(t, len(l.open), 0)
}
