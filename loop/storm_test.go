package loop

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

// An address that shakes hands in a loop is told to wait; it is counted and logged once.
func TestHandshakeStorm(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s := start(t, func(c *Config) { c.HandshakeStorm, c.Log = 1, slog.New(slog.NewTextHandler(&log, nil)) })
	w := dial(t, s)
	var reply map[string]any
	eventually(t, func() bool {
		reply = w.bayeux(`{"channel":"/meta/handshake","version":"1.0"}`)[0]
		time.Sleep(50 * time.Millisecond)
		return reply["successful"] == false
	})
	equal(t, reply["error"], "429::too_many_handshakes")
	equal(t, reply["advice"], map[string]any{"reconnect": "retry", "interval": 10000})
	w.bayeux(`{"channel":"/meta/handshake","version":"1.0"}`)
	equal(t, s.Stats().HandshakesDamped, 2)
	if n := strings.Count(log.String(), "address=127.0.0.1:"); n != 1 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
}
