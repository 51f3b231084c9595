package loop

import (
	"strings"
	"testing"
	"time"
)

// New sessions are kept out when a loop has been late twice in a row, until none has been late by a quarter for two seconds.
func TestAdmission(t *testing.T) {
	h := new(health)
	a := admission{limit: 1000, health: h}
	for i, c := range []struct {
		late, now int64
		behind    bool
	}{
		{999, 0, false}, {1000, 100, false}, {999, 200, false}, {1000, 300, false}, {5000, 400, true},
		{900, 500, true}, {250, 600, true}, {0, 700, true}, {249, 2599, true}, {250, 2600, true}, {0, 4599, true}, {0, 4600, false},
		{2000, 4700, false}, {2000, 4800, true}, {0, 6800, false},
	} {
		a.look(time.Duration(c.late)*time.Millisecond, c.now)
		if a.behind() != c.behind || (len(h.list()) > 0) != c.behind || (a.pace() > 0) != c.behind {
			t.Errorf("look %d: %v, pace %d, %v", i, a.behind(), a.pace(), h.list())
		}
	}
	a.begin(1500)
	if a.pace() != 3000 || a.retryAfter() != "Retry-After: 4\r\n" {
		t.Errorf("pace %d, %q", a.pace(), a.retryAfter())
	}
	a.begin(1 << 40)
	if a.pace() != mostPace {
		t.Errorf("pace %d", a.pace())
	}
	never := admission{health: h}
	never.look(time.Hour, 0)
	never.look(time.Hour, 1)
	if never.behind() {
		t.Error("no limit refuses")
	}
}

// While the loops are late, new sessions are answered 503 by whatever way they are asked for; sessions that are here are
// served, and their polls told to wait, until the loops are in time again.
func TestServerBehind(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.AdmitLag = 0 }) // so that nothing but this test looks
	w, socket := dial(t, s), socketOf(t, s)
	id := w.subscriber("/a")
	s.admission.begin(1500)
	for _, text := range []string{post(handshakeMessage), request("GET", "/events?channel=/a")} {
		got := dial(t, s).ask(text)
		equal(t, got.StatusCode, 503)
		equal(t, got.Header.Get("Retry-After"), "4")
	}
	socket.frame(1, handshakeMessage)
	socket.mustCloseWith(1013)
	equal(t, s.Stats().ClientsRefused[serverBehind], 3)
	equal(t, strings.Join(s.Unready(), ""), "event loops late: new sessions are refused")
	poll := strings.TrimSuffix(connect(id), "}") + `,"advice":{"timeout":0}}`
	equal(t, w.bayeux(publish(id, "/b", "1"))[0]["successful"], true)
	advice := w.bayeux(poll)[0]["advice"].(map[string]any)
	equal(t, advice["interval"], 3000)
	equal(t, advice["reconnect"], "retry")
	s.admission.end()
	equal(t, s.Unready(), []string(nil))
	equal(t, w.bayeux(poll)[0]["advice"].(map[string]any)["interval"], 0)
	equal(t, dial(t, s).ask(post(handshakeMessage)).StatusCode, 200)
	equal(t, s.Stats().Sessions, 2)
}

// A loop that does not come to its ticks is found late.
func TestLateLoopIsFound(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.AdmitLag = 1, 100*time.Millisecond })
	dial(t, s).ask(post("[]")) // now there is a loop; a session it might refuse, being late by itself
	held, release := make(chan struct{}), make(chan struct{})
	s.do(0, func(*reactor) { close(held); <-release })
	<-held
	eventually(t, s.admission.behind)
	close(release)
	eventually(t, func() bool { // it may be late again, by itself
		return !s.admission.behind() && dial(t, s).ask(post(handshakeMessage)).StatusCode == 200
	})
}
