package client

import (
	"halley/bench/plan"
	"halley/bench/wire"
	"strings"
	"testing"
	"time"
)

// Two connections: the held poll has one to itself, everything else shares the other.
func TestTwoConnectionsAreUsedAsBrowsersDo(t *testing.T) {
	s := startRaw(t, func(request string, _ int) ([]string, bool) {
		if body := answer(request); body != "" {
			return []string{response(body)}, false
		}
		return nil, false
	})
	config := oneSubscriber(s.url)
	config.Connections, config.Suffixes = 2, true
	r := startRig(t, config)
	r.fleet.Ramp(1, 0)
	if p := r.until("a held subscriber", held); p.Open != 2 {
		t.Errorf("%d connections", p.Open)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, want := range []string{"/bayeux/handshake", "/bayeux/", "/bayeux/connect"} {
		if !strings.HasPrefix(s.requests[i], "POST "+want+" ") {
			t.Errorf("request %d is %q, want %s", i, s.requests[i], want)
		}
	}
}

// batchUnderWay are clients whose publisher, session 4, has a request with three messages under way.
func batchUnderWay(t *testing.T) (c *clients, fd int) {
	c = still(t, func(config *Config) { config.Publishers = 1 })
	fd = openSocket(t, c, 4, publish)
	c.out.start(Publication{Pace: plan.Pace{Count: 3}}, 1)
	c.out.enqueue(1)
	c.out.claim(0, 1)
	c.send(fd)
	return c, fd
}

// What was under way when a connection broke may or may not have arrived.
func TestABrokenPublishIsUnknown(t *testing.T) {
	c, fd := batchUnderWay(t)
	c.lose(fd)
	if p := c.progress(1, nil); p.Unknown != 3 || p.Published != 3 || p.Pending != 0 || p.Open != 0 || c.sessions[4].other != -1 {
		t.Errorf("%+v", p)
	}
}

// A server that answers a publish with another status than 200 has refused all of it.
func TestAPublishMayBeTurnedDown(t *testing.T) {
	c, fd := batchUnderWay(t)
	in := []byte("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
	n := c.received(fd, in, 1)
	if p := c.progress(1, nil); n != len(in) || p.Refused != 3 || p.Published != 3 || p.Faults.Status != 1 || p.Open != 1 || p.Received != int64(n) {
		t.Errorf("%d bytes taken, %+v", n, p)
	}
}

// A publisher's connection that has been idle for long is not used again, one that is busy or fresh is.
func TestIdleConnectionsAreNotTrusted(t *testing.T) {
	for _, step := range []struct {
		busy  request
		since time.Duration
		kept  bool
	}{{none, 4 * time.Second, false}, {none, 2 * time.Second, true}, {publish, 4 * time.Second, true}} {
		c := still(t, nil)
		fd := openSocket(t, c, 4, publish)
		c.loop.conns[fd].busy = step.busy
		c.refresh(&c.sessions[4], int64(step.since))
		if kept := c.sessions[4].other == fd; kept != step.kept {
			t.Errorf("busy with %d for %v: kept %v", step.busy, step.since, kept)
		}
	}
}

// An event-stream that breaks off goes on after the last event that came.
func TestTheLastIDOutlivesItsConnection(t *testing.T) {
	c := still(t, func(config *Config) { config.Style = wire.Events })
	fd := openSocket(t, c, 0, stream)
	c.loop.conns[fd].stream = &wire.Stream{Style: wire.Events, LastID: "e7"}
	c.hangUp(&c.sessions[0])
	if s := c.sessions[0]; s.lastID != "e7" || s.poll != -1 {
		t.Errorf("the last id is %q", s.lastID)
	}
}
