package loop

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	cutEvery    = 5 * time.Millisecond // between events
	fewestMoves = 20                   // of connections that move
)

// cutTime is how long connections are cut: some seconds, or HALLEY_CUTS, as in 1m.
func cutTime(t *testing.T) time.Duration {
	t.Helper()
	value := cmp.Or(os.Getenv("HALLEY_CUTS"), "3s")
	d, err := time.ParseDuration(value)
	if err != nil || d < time.Second {
		t.Fatalf("HALLEY_CUTS=%s is no time of a second or more", value)
	}
	return d
}

// cutClient is a client whose every connection breaks off after a while, with what the
// server sent last unread. It goes on by replay.
type cutClient struct {
	*testing.T
	s       *Server
	kind    string
	id      string
	events  int // of the feed
	cursor  int64
	got     []string
	cuts    atomic.Int32
	current *wire
}

// server is a connection to the server, with what breaks off below it.
func (c *cutClient) server() (conn, below net.Conn, err error) {
	below, err = net.Dial("tcp", c.s.Addresses()[0])
	if err != nil {
		c.Error(err)
		return nil, nil, err
	}
	return secured(c.s, below), below, nil
}

// Replay brings what was lost with a connection, of whatever type, once and in
// order.
func TestReplayAfterCuts(t *testing.T) { eachEncryption(t, testReplayAfterCuts) }

func testReplayAfterCuts(t *testing.T, k socketKind) { runCuts(t, k, nil) }

// runCuts cuts connections, which may move: then some do.
func runCuts(t *testing.T, k socketKind, roam func(uint16) (uint16, bool)) *Server {
	s := k.start(t, func(c *Config) { c.Loops, c.Rules, c.roam = 2, []string{"/feed history=10000"}, roam })
	kinds := []string{"long-polling", "callback-polling", "websocket", "eventsource", "xhr-streaming", "iframe", "mime-message-block"}
	events := int(cutTime(t) / cutEvery)
	var clients sync.WaitGroup
	var all []*cutClient
	for _, kind := range kinds {
		c := &cutClient{T: t, s: s, kind: kind, id: dial(t, s).handshake(), events: events, cursor: -2}
		all = append(all, c)
		clients.Go(c.run)
	}
	begin := time.Now()
	for n := range events {
		if n == events-1 { // the last one waits for who was late
			eventually(t, func() bool {
				moved, _ := travels(s)
				return t.Failed() || (roam == nil || moved >= fewestMoves) && !slices.ContainsFunc(all, func(c *cutClient) bool { return c.cuts.Load() < 2 })
			})
		}
		time.Sleep(time.Until(begin.Add(time.Duration(n) * cutEvery)))
		mustPublish(t, s, "/feed", fmt.Sprint(n))
	}
	clients.Wait()
	for _, c := range all {
		if len(c.got) != events {
			t.Errorf("%s: %d events of %d, %d cuts", c.kind, len(c.got), events, c.cuts.Load())
		}
		for i, data := range c.got {
			if data != fmt.Sprint(i) {
				t.Errorf("%s: %s after %d events", c.kind, data, i)
				break
			}
		}
	}
	return s
}

func (c *cutClient) run() {
	for end := time.Now().Add(2*deadline + 2*cutTime(c.T)); len(c.got) < c.events && time.Now().Before(end); c.cuts.Add(1) {
		conn, below, err := c.server()
		if err != nil {
			return
		}
		c.current = newWire(c.T, conn)
		if c.resume() {
			breakOff(below)
			c.read()
		}
		below.Close()
	}
}

// breakOff resets the connection after a tenth of a second to two.
func breakOff(conn net.Conn) {
	conn.(*net.TCPConn).SetLinger(0)
	time.AfterFunc(100*time.Millisecond+rand.N(1900*time.Millisecond), func() { conn.Close() })
}

// resume asks for what followed the last event and takes the session over.
func (c *cutClient) resume() bool {
	now := strings.Replace(connect(c.id), `"clientId"`, `"advice":{"timeout":0},"clientId"`, 1)
	c.current.Write([]byte(post("[" + subscribeFrom(c.id, "/feed", fmt.Sprint(c.cursor)) + "," + now + "]")))
	a, err := c.current.tryRead()
	if err != nil {
		c.Errorf("%s: %v", c.kind, err)
		return false
	}
	for _, m := range c.note(a.body) {
		if m["successful"] == false {
			c.Errorf("%s: %v", c.kind, m)
		}
	}
	return true
}

// note takes the events of a body that are new.
func (c *cutClient) note(body string) []map[string]any {
	messages := decode(c.T, body)
	for _, m := range messages {
		number, ok := m["replayId"].(json.Number)
		if !ok {
			continue
		}
		if id, _ := number.Int64(); id > c.cursor {
			c.cursor = id
			c.got = append(c.got, fmt.Sprint(m["data"]))
		}
	}
	return messages
}

// read reads by the client's connection type until the connection breaks off.
func (c *cutClient) read() {
	switch c.kind {
	case "long-polling":
		c.polls(post(connect(c.id)), "", "")
	case "callback-polling":
		message := url.QueryEscape(strings.Replace(connect(c.id), "long-polling", "callback-polling", 1))
		c.polls(getRequest("/bayeux?jsonp=f&message="+message, ""), "/**/f(", ");")
	case "websocket":
		c.socket()
	case "eventsource":
		c.stream(getRequest("/bayeux/"+c.id, "Accept: text/event-stream\r\n"))
	default:
		c.stream(streamConnect(c.id, c.kind))
	}
}

func (c *cutClient) polls(request, before, after string) {
	for len(c.got) < c.events {
		c.current.Write([]byte(request))
		a, err := c.current.tryRead()
		if err != nil {
			return
		}
		if displaced(c.note(strings.TrimSuffix(strings.TrimPrefix(a.body, before), after))) {
			return // the last poll of a connection that is gone was read only now
		}
	}
}

func (c *cutClient) socket() {
	conn, below, err := c.server()
	if err != nil {
		return
	}
	defer below.Close()
	breakOff(below)
	w := newWire(c.T, conn)
	w.Write([]byte(upgradeRequest("")))
	if _, err := w.tryRead(); err != nil {
		return
	}
	for ask := true; len(c.got) < c.events; {
		if ask {
			w.Write([]byte(maskedFrame(1, wsConnect(c.id))))
		}
		_, payload, err := w.tryFrame()
		if err != nil {
			return
		}
		messages := c.note(payload)
		ask = slices.ContainsFunc(messages, func(m map[string]any) bool { return m["channel"] == "/meta/connect" })
	}
}

func (c *cutClient) stream(request string) {
	c.current.Write([]byte(request))
	response, err := http.ReadResponse(c.current.in, nil)
	if err != nil {
		return
	}
	for len(c.got) < c.events {
		text, err := readLine(response.Body)
		if err != nil {
			return
		}
		text = strings.TrimPrefix(strings.TrimPrefix(text, "data: "), "<script>d(")
		if text = strings.TrimSuffix(text, ")</script>"); strings.HasPrefix(text, "[") {
			c.note(text)
		}
	}
}
