package wire

import (
	"bufio"
	"bytes"
	"net/http"
	"testing"
)

// request reads bytes back by the standard library.
func request(t *testing.T, raw []byte) *http.Request {
	t.Helper()
	in := bufio.NewReader(bytes.NewReader(raw))
	r, err := http.ReadRequest(in)
	if err != nil {
		t.Fatalf("%v in %q", err, raw)
	}
	return r
}

func TestOpeningRequests(t *testing.T) {
	e := Endpoint{Host: "h:1", Path: "/bayeux"}
	r := request(t, e.AppendUpgrade(nil, e.Path, "B=1"))
	if r.URL.Path != "/bayeux" || r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "Upgrade" ||
		r.Header.Get("Sec-WebSocket-Version") != "13" || len(r.Header.Get("Sec-WebSocket-Key")) != 24 || r.Header.Get("Cookie") != "B=1" {
		t.Errorf("upgrade: %v %v", r.URL, r.Header)
	}
	for path, want := range map[string]string{"/bayeux": "/bayeux/a b", "/": "/a b", "/b/": "/b/a b"} {
		r = request(t, Endpoint{Host: "h:1", Path: path}.AppendEventSource(nil, "a b", "B=1"))
		if r.URL.Path != want || r.Header.Get("Accept") != "text/event-stream" || r.Header.Get("Cookie") != "B=1" {
			t.Errorf("eventsource at %s: %v %v", path, r.URL, r.Header)
		}
	}
	r = request(t, e.AppendEvents(nil, EventsOf([]string{"/a", "/b&c/**"}), "17"))
	if got := r.URL.Query()["channel"]; r.URL.Path != "/events" || len(got) != 2 || got[0] != "/a" || got[1] != "/b&c/**" || r.Header.Get("Last-Event-ID") != "17" {
		t.Errorf("events: %v %v", r.URL, r.Header)
	}
	if r = request(t, e.AppendEvents(nil, EventsOf([]string{"/a"}), "")); r.Header.Values("Last-Event-ID") != nil {
		t.Errorf("events without an id: %v", r.Header)
	}
	if r = request(t, e.AppendPoll(nil, "/sub?id=a", "\r\nIf-None-Match: 7")); r.Method != "GET" || r.URL.String() != "/sub?id=a" || r.Header.Get("If-None-Match") != "7" {
		t.Errorf("poll: %v %v", r.URL, r.Header)
	}
	body := AppendConnect(nil, Iframe, "c", false, "", 3)
	if r = request(t, e.AppendForm(nil, "/connect", "", body)); r.FormValue("message") != string(body) || r.URL.Path != "/bayeux/connect" || r.Method != "POST" {
		t.Errorf("form: %v %v", r.URL, r.Form)
	}
}

// The example of RFC 6455, 1.3, and the answer that the floor has in it.
func TestAcceptOf(t *testing.T) {
	for key, want := range map[string]string{"dGhlIHNhbXBsZSBub25jZQ==": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", key: "8CrYO5VWvqj30eb92Khq13hRMVc="} {
		if got := acceptOf(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
}
