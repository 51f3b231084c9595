package client

import (
	"strings"
	"testing"
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
