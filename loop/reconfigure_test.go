package loop

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// reconfigure has a running server take other settings.
func reconfigure(t *testing.T, s *Server, change func(*Settings)) {
	t.Helper()
	to := s.cfg.Settings
	change(&to)
	if err := s.Reconfigure(to); err != nil {
		t.Fatal(err)
	}
}

// What may change does so at once, on all loops, for those who are there: rules for publishers and subscribers, and
// limits.
func TestReconfigure(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.Rules = 2, []string{"/p publish=internal"} })
	var clients []*wire
	var ids []string
	for range 8 { // on both loops
		w := dial(t, s)
		clients, ids = append(clients, w), append(ids, w.subscriber("/q"))
	}
	for i, w := range clients {
		equal(t, w.bayeux(publish(ids[i], "/p", "1"))[0]["error"], "403:denied_by_rule:publish_denied")
	}
	reconfigure(t, s, func(c *Settings) { c.Rules, c.MaxSubscriptions = []string{"/q publish=internal"}, 1 })
	for i, w := range clients {
		equal(t, w.bayeux(publish(ids[i], "/p", "1"))[0]["successful"], true)
		equal(t, w.bayeux(publish(ids[i], "/q", "1"))[0]["error"], "403:denied_by_rule:publish_denied")
		equal(t, w.bayeux(subscribe(ids[i], "/r"))[0]["error"], "403::too_many_subscriptions")
		w.holdConnect(s, ids[i])
	}
	mustPublish(t, s, "/q", "5")
	for _, w := range clients {
		equal(t, events(w.messages()), []string{"5"})
	}
	reconfigure(t, s, func(c *Settings) { c.MaxConnections, c.IdleTimeout = 8, 100*time.Millisecond })
	equal(t, dial(t, s).read().StatusCode, 503)
	clients[0].bayeux(publish(ids[0], "/p", "1")) // its time is short from now on
	clients[0].mustClose()
}

// A loop that has had no client yet serves its first one by the settings of now.
func TestReconfigureBeforeTheFirstClient(t *testing.T) {
	t.Parallel()
	for range 5 {
		s := start(t, func(c *Config) { c.Loops = 1 })
		reconfigure(t, s, func(c *Settings) { c.Rules = []string{"/p publish=internal"} })
		w := dial(t, s)
		equal(t, w.bayeux(publish(w.handshake(), "/p", "1"))[0]["error"], "403:denied_by_rule:publish_denied")
	}
}

// How long polls are held and how much may wait change for those who are there, and no part of a replay is too large for
// the queues of before or after.
func TestReconfigureTimesAndQueues(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.Rules, c.Hold = 2, []string{"/h history=100"}, time.Minute })
	for range 100 {
		mustPublish(t, s, "/h", "0")
	}
	w := dial(t, s)
	id := w.subscriber("/q")
	reconfigure(t, s, func(c *Settings) { c.Hold, c.QueueMessages = 100*time.Millisecond, 8 })
	got := w.bayeux(connect(id))
	equal(t, got[0]["advice"].(map[string]any)["timeout"], json.Number("100"))
	for range 20 {
		mustPublish(t, s, "/q", "1")
	}
	eventually(t, func() bool { return s.Stats().QueueDropped == 12 })
	equal(t, len(w.collect(id, 8)), 8)
	for _, holds := range []int{8, 1000} {
		reconfigure(t, s, func(c *Settings) { c.QueueMessages = holds })
		reader := dial(t, s)
		id := reader.handshake()
		got := len(events(reader.join(id, subscribeFrom(id, "/h", "-2"))))
		equal(t, got+len(reader.collect(id, 100-got)), 100)
	}
	equal(t, s.Stats().QueueDropped, 12)
}

// Whose pages are admitted changes for requests that come; a poll that is held is answered as it was let in.
func TestReconfigureOrigins(t *testing.T) {
	t.Parallel()
	const a, b = "https://a.example", "https://b.example"
	s := start(t, func(c *Config) { c.AllowOrigin = []string{a} })
	w := dial(t, s)
	id := w.subscriber("/q")
	w.send(postWith("/bayeux", connect(id), "Origin: "+a))
	eventually(t, func() bool { return s.Stats().Held == 1 })
	reconfigure(t, s, func(c *Settings) { c.AllowOrigin = []string{b} })
	mustPublish(t, s, "/q", "1")
	held := w.read()
	equal(t, held.StatusCode, 200)
	equal(t, held.Header.Get(allowOrigin), a)
	for origin, status := range map[string]int{a: 403, b: 200} {
		got := dial(t, s).ask(postWith("/bayeux", `{"channel":"/meta/handshake"}`, "Origin: "+origin, "Sec-Fetch-Site: cross-site"))
		equal(t, got.StatusCode, status)
		equal(t, got.Header.Get(allowOrigin) == origin, status == 200)
	}
}

// A channel has its history from when a rule says so, and loses it when none does: what was remembered is dropped,
// counted, and never served again, after a restart neither. Subscribers that are there lose nothing.
func TestReconfigureDropsHistory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history")
	with := func(c *Config) { c.Rules, c.HistoryFile = []string{"/a history=100", "/b history=100"}, path }
	s := run(t, with)
	w := dial(t, s.Server)
	id := w.subscriber("/a")
	for _, data := range []string{"1", "2", "3"} {
		mustPublish(t, s.Server, "/a", data)
		mustPublish(t, s.Server, "/b", data)
	}
	got := w.collectMessages(id, 3)
	equal(t, events(got), []string{"1", "2", "3"})
	first := replayID(t, got[0])
	reconfigure(t, s.Server, func(c *Settings) { c.Rules = []string{"/b history=100"} })
	equal(t, s.Stats().History.Dropped, 3)
	mustPublish(t, s.Server, "/a", "4")
	equal(t, w.collect(id, 1), []string{"4"})
	equal(t, len(events(replayTo(t, s.Server, "/b", first))), 3)
	s.stop()
	s.wait(t)
	s = run(t, with)
	got = replayTo(t, s.Server, "/a", first)
	equal(t, got[len(got)-1]["successful"], false)
	equal(t, len(events(replayTo(t, s.Server, "/b", first))), 3)
	s.stop()
	s.wait(t)
}

// Settings that a start would refuse leave everything as it is.
func TestBadSettingsChangeNothing(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Rules = []string{"/p publish=internal"} })
	for want, change := range map[string]func(*Settings){
		"--rule":            func(c *Settings) { c.Rules = []string{"/q history=none"} },
		"--max-connections": func(c *Settings) { c.Rules, c.MaxConnections = nil, 1<<40 },
		"--idle-timeout":    func(c *Settings) { c.Rules, c.IdleTimeout = nil, 1 },
	} {
		to := s.cfg.Settings
		change(&to)
		if err := s.Reconfigure(to); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	w := dial(t, s)
	equal(t, w.bayeux(publish(w.handshake(), "/p", "1"))[0]["error"], "403:denied_by_rule:publish_denied")
}
