package loop

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// A client that shakes hands in a loop is told to wait; it is counted and logged once.
// Others that come by the same address are let in.
func TestHandshakeStorm(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s, now := startStill(t, func(c *Config) { c.HandshakeStorm, c.Log = 1, slog.New(slog.NewTextHandler(&log, nil)) })
	w := dial(t, s)
	var reply map[string]any
	eventually(t, func() bool {
		if reply = w.bayeux(`{"channel":"/meta/handshake","version":"1.0"}`)[0]; reply["successful"] == false {
			return true
		}
		now.Add(50)
		return false
	})
	equal(t, reply["error"], "429::too_many_handshakes")
	equal(t, reply["advice"], map[string]any{"reconnect": "retry", "interval": 10000})
	w.bayeux(`{"channel":"/meta/handshake","version":"1.0"}`)
	equal(t, s.Stats().Damped, 2)
	for _, field := range []string{"User-Agent: Another/1", "X-Forwarded-For: 192.0.2.7", "Cookie: BAYEUX_BROWSER=0123456789abcdef"} {
		other := dial(t, s)
		body := `{"channel":"/meta/handshake","version":"1.0"}`
		other.send(fmt.Sprintf("POST /bayeux HTTP/1.1\r\nHost: h\r\n%s\r\nContent-Length: %d\r\n\r\n%s", field, len(body), body))
		equal(t, other.messages()[0]["successful"], true)
	}
	if n := strings.Count(log.String(), "address=127.0.0.1:"); n != 1 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
}

func TestHandshakeRate(t *testing.T) {
	s, _ := startStill(t, func(c *Config) { c.HandshakeRate = 1 })
	a := dial(t, s)
	id := a.handshake()
	a.send(post(`{"channel":"/meta/handshake"}`))
	got := a.read()
	equal(t, got.StatusCode, 429)
	equal(t, got.Header.Get("Retry-After"), "1")
	equal(t, a.bayeux(connect(id))[0]["successful"], true)
}

// An event-stream without Bayeux is a session like any other.
func TestHandshakeRateOfEvents(t *testing.T) {
	s, _ := startStill(t, func(c *Config) { c.HandshakeRate = 1 })
	a := dial(t, s)
	id := a.handshake()
	got := dial(t, s).ask(request("GET", "/events?channel=/a"))
	equal(t, got.StatusCode, 429)
	equal(t, got.Header.Get("Retry-After"), "1")
	equal(t, s.Stats().Sessions, 1)
	equal(t, a.bayeux(connect(id))[0]["successful"], true)
}
