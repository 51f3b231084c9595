package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"halley/bayeux"
	"halley/cmd/halley/config"
	"halley/loop/access"
)

// asked is what a program of the operator's is told.
type asked struct {
	Operation, Channel, Subject string
	Patterns                    []string
	Events                      []struct{ Event, Session, Subject, Pattern string }
}

// operator runs a program that decides.
func operator(t *testing.T, decide func(w http.ResponseWriter, q asked)) (url string) {
	t.Helper()
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q asked
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		decide(w, q)
	}))
	t.Cleanup(program.Close)
	return program.URL
}

// The operator's program decides, and while it does not answer the stated verdict holds.
func TestHook(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	url := operator(t, func(w http.ResponseWriter, q asked) {
		switch {
		case down.Load():
			w.WriteHeader(http.StatusBadGateway)
		case q.Operation == "handshake":
			w.Write([]byte(`{"allow":true,"subject":"alice"}`))
		case q.Subject != "alice" || q.Channel == "/secret":
			w.Write([]byte(`{"allow":false,"reason":"not_yours"}`))
		}
	})
	s, endpoint, internal := server(t, "--hook-url="+url)
	publish := func(channel string, code int, want string) {
		t.Helper()
		if got, _, stderr := halley(t, "", "pub", channel, "1", "--bayeux="+endpoint); got != code || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %s", channel, got, stderr)
		}
	}
	publish("/a", 0, "")
	publish("/secret", 1, "403::not_yours")
	down.Store(true)
	publish("/a", 1, "403::hook_unavailable")
	text := get(t, internal+"/metrics")
	for _, want := range []string{`halley_hook_answers_total{verdict="deny"} 1`, `halley_hook_failures_total{kind="status"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if log := s.log.String(); !strings.Contains(log, "a program is asked, too") {
		t.Error(log)
	}
	s.stop()
}

// The operator's program hears who is there, to the end of the server.
func TestHookEvents(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var heard []string
	url := operator(t, func(w http.ResponseWriter, q asked) {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range q.Events {
			heard = append(heard, strings.TrimSpace(e.Event+" "+e.Pattern))
		}
	})
	s, endpoint, internal := server(t, "--hook-url="+url, "--hook-on=handshake", "--hook-events")
	if code, _, stderr := halley(t, "", "pub", "/a", "1", "--bayeux="+endpoint); code != 0 {
		t.Error(stderr)
	}
	sub := subscribe(t, endpoint, internal, 1, "/a")
	sub.stop()
	s.stop()
	mu.Lock()
	defer mu.Unlock()
	got := strings.Join(heard, ", ")
	for _, want := range []string{"server_begun, session_begun, session_ended, session_begun", "subscribed /a", "channel_occupied /a", "unsubscribed /a", "channel_vacated /a"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if !strings.HasSuffix(got, "server_ended") {
		t.Error(got)
	}
}

// Subscribers hear who is on a channel with presence, those who come later how many, and back-ends may look.
func TestPresence(t *testing.T) {
	t.Parallel()
	url := operator(t, func(w http.ResponseWriter, q asked) { w.Write([]byte(`{"allow":true,"subject":"alice"}`)) })
	s, endpoint, internal := server(t, "--rule=/chat/* presence", "--hook-url="+url, "--presence-interval=100ms", "--presence-linger=0s")
	watch := start(t, "sub", "/presence/chat/a", "--server="+endpoint, "--count=4", "--timeout=1m")
	eventually(t, func() bool { return strings.Contains(get(t, internal+"/channels"), "/presence/chat/a") }, watch.log)
	code, out, stderr := halley(t, "", "sub", "/chat/a", "/presence/chat/a", "--server="+endpoint, "--count=1", "--timeout=1m")
	if code != 0 || !strings.Contains(out, `"channel":"/presence/chat/a"`) {
		t.Errorf("exit %d, %s, %s", code, out, stderr)
	}
	if code := <-watch.code; code != 0 {
		t.Fatalf("exit %d, %s", code, watch.log)
	}
	want := ""
	for _, data := range []string{`{"joined":["alice"]}`, `{"count":1}`, `{"left":["alice"]}`, `{"count":0}`} {
		want += `{"channel":"/presence/chat/a","data":` + data + "}\n"
	}
	if got := watch.out.String(); got != want {
		t.Errorf("heard %s", got)
	}
	if code, out, stderr := halley(t, "", "sub", "/presence/chat/a", "--server="+endpoint, "--count=1", "--timeout=1m"); code != 0 || !strings.Contains(out, `{"count":0}`) {
		t.Errorf("the snapshot: exit %d, %s, %s", code, out, stderr)
	}
	if code, _, stderr := halley(t, "", "pub", "/presence/chat/a", "1", "--bayeux="+endpoint); code != 1 || !strings.Contains(stderr, "403:") {
		t.Errorf("a client tells who is there: exit %d, %s", code, stderr)
	}
	here := start(t, "sub", "/chat/a", "--server="+endpoint, "--timeout=1m")
	eventually(t, func() bool {
		return get(t, internal+"/channels/chat/a") == `{"channel":"/chat/a","subscribers":1,"presence":{"sessions":1,"identities":[{"identity":"alice","sessions":1}]}}`+"\n"
	}, here.log)
	if page := get(t, internal+"/metrics"); strings.Contains(page, "halley_kept_bytes{owner=\"presence\"} 0\n") {
		t.Error("nothing is kept of who is there")
	}
	here.stop()
	s.stop()
}

// Without flags nobody is asked or told.
func TestNobodyAttends(t *testing.T) {
	var a attendants
	if others, err := a.openHook(new(config.Serve), nil); err != nil || others != nil {
		t.Error(others, err)
	}
	if got := a.attendance(new(config.Serve), new(access.Access)); got != nil {
		t.Errorf("%v wants to know", got)
	}
	c := new(config.Serve)
	c.Hook.Events = true
	if _, err := a.openHook(c, nil); err == nil || !strings.Contains(err.Error(), "--hook-events") {
		t.Error(err)
	}
	var _ bayeux.Attendance = company{}
	for address, plain := range map[string]bool{"": false, "http://127.0.0.1/": false, "http://localhost:9000/": false, "http://[::1]:1/": false,
		"https://hook.example/": false, "http://hook.example/": true, "http://10.0.0.1:80/x": true} {
		if got := plainHook(address); (got != "") != plain {
			t.Errorf("%s: %s", address, got)
		}
	}
}
