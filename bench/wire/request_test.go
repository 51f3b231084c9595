package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]Endpoint{
		"http://127.0.0.1:8080/bayeux": {"127.0.0.1:8080", "/bayeux", false},
		"http://host":                  {"host:80", "/", false},
		"http://host:1/a%20b":          {"host:1", "/a%20b", false},
		"https://host":                 {"host:443", "/", true},
		"https://host:1/a":             {"host:1", "/a", true},
	} {
		if got, err := ParseEndpoint(text); err != nil || got != want {
			t.Errorf("%s: %+v %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "ftp://host/", "host:80", "http:///x", "http://[::1"} {
		if got, err := ParseEndpoint(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

// The requests are read back by the standard library, which is nobody's friend here.
func TestRequestsAreHTTP(t *testing.T) {
	e := Endpoint{Host: "h:1", Path: "/bayeux"}
	body := AppendConnect(nil, LongPolling, "id 1", true, "", 9)
	for _, style := range []Style{LongPolling, CallbackPolling} {
		raw := e.AppendRequest(nil, style, "/connect", "B=1", body)
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			t.Fatalf("%v: %v in %q", style, err, raw)
		}
		got := r.FormValue("message")
		if style == LongPolling {
			b, _ := io.ReadAll(r.Body)
			got = string(b)
		} else if r.FormValue("jsonp") != Callback {
			t.Errorf("jsonp=%q", r.FormValue("jsonp"))
		}
		if got != string(body) || r.URL.Path != "/bayeux/connect" || r.Host != "h:1" || r.Header.Get("Cookie") != "B=1" {
			t.Errorf("%v: %q carries %q", style, raw, got)
		}
	}
}

func TestMessagesAreJSON(t *testing.T) {
	for _, c := range []struct {
		text []byte
		want map[string]any
	}{
		{AppendHandshake(nil, CallbackPolling, `{"ack":true}`, 1), map[string]any{"channel": "/meta/handshake", "version": "1.0", "id": "1"}},
		{AppendSubscribe(nil, "c", []string{"/a"}, "", 2), map[string]any{"clientId": "c", "subscription": "/a", "id": "2"}},
		{AppendSubscribe(nil, "c", []string{"/a", "/b"}, `{"replay":-1}`, 2), map[string]any{"channel": "/meta/subscribe", "id": "2"}},
		{AppendConnect(nil, LongPolling, "c", false, `{"ack":3}`, 3), map[string]any{"connectionType": "long-polling", "advice": nil}},
		{AppendDisconnect(nil, "c", 4), map[string]any{"channel": "/meta/disconnect", "clientId": "c"}},
		{append(append([]byte{'['}, AppendPublish(nil, "c", "/a", []byte("1.10"), 5)...), ']'), map[string]any{"channel": "/a", "data": 1.1}},
		{append(append([]byte{'['}, AppendPublish(nil, "", "/a", []byte("1"), 5)...), ']'), map[string]any{"clientId": nil, "id": nil}},
	} {
		var got []map[string]any
		if err := json.Unmarshal(c.text, &got); err != nil || len(got) != 1 {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		for key, want := range c.want {
			if got[0][key] != want {
				t.Errorf("%s: %s is %v, want %v", c.text, key, got[0][key], want)
			}
		}
	}
}
