package client

import (
	"halley/bench/wire"
	"strings"
	"testing"
)

// requestOf is what session i would write for a request.
func requestOf(c *clients, i int, what request, upgraded bool) string {
	s := &c.sessions[i]
	s.clientID, s.cookie = "c1", "k=v"
	return string(c.encoder.appendRequest(nil, s, what, upgraded))
}

func TestRequests(t *testing.T) {
	for _, c := range []struct {
		name     string
		style    wire.Style
		suffixes bool
		what     request
		begins   string
		has      string
	}{
		{"handshake", wire.LongPolling, false, handshake, "POST /bayeux HTTP/1.1\r\n", `"channel":"/meta/handshake"`},
		{"subscribe", wire.LongPolling, true, subscribe, "POST /bayeux/ HTTP/1.1\r\n", `"subscription":"/bench"`},
		{"first connect", wire.LongPolling, true, firstConnect, "POST /bayeux/connect HTTP/1.1\r\n", `"timeout":0`},
		{"connect", wire.LongPolling, true, connect, "POST /bayeux/connect HTTP/1.1\r\n", `"clientId":"c1"`},
		{"disconnect", wire.LongPolling, true, disconnect, "POST /bayeux/disconnect HTTP/1.1\r\n", `"channel":"/meta/disconnect"`},
		{"callback", wire.CallbackPolling, false, connect, "GET /bayeux?", "jsonp="},
		{"upgrade", wire.WebSocket, false, handshake, "GET /bayeux HTTP/1.1\r\n", "Upgrade: websocket\r\n"},
		{"event-stream", wire.EventSource, false, stream, "GET /bayeux/c1 HTTP/1.1\r\n", "Accept: text/event-stream\r\n"},
		{"heartbeat", wire.EventSource, true, heartbeat, "POST /bayeux/connect HTTP/1.1\r\n", `"connectionType":"eventsource"`},
		{"plain events", wire.Events, false, stream, "GET /events?channel=%2Fbench HTTP/1.1\r\n", "Accept: text/event-stream\r\n"},
		{"form of an iframe", wire.Iframe, false, stream, "POST /bayeux HTTP/1.1\r\n", "application/x-www-form-urlencoded"},
		{"streaming connect", wire.XHRStreaming, true, stream, "POST /bayeux/connect HTTP/1.1\r\n", `"connectionType":"xhr-streaming"`},
	} {
		f := still(t, func(config *Config) { config.Style, config.Suffixes = c.style, c.suffixes })
		text := requestOf(f, 0, c.what, false)
		if !strings.HasPrefix(text, c.begins) || !strings.Contains(text, c.has) {
			t.Errorf("%s: %q, want %q and %q", c.name, text, c.begins, c.has)
		}
		if !strings.Contains(text, "Cookie: k=v\r\n") && c.style != wire.Events {
			t.Errorf("%s: the cookie is missing in %q", c.name, text)
		}
	}
}

// Over an open websocket a request is a masked frame, and no two have the same mask.
func TestFramesAreMasked(t *testing.T) {
	f := still(t, func(config *Config) { config.Style = wire.WebSocket })
	first, second := requestOf(f, 0, connect, true), requestOf(f, 0, connect, true)
	if first[0] != 0x81 || first[1]&0x80 == 0 || strings.Contains(first, "/meta/connect") {
		t.Errorf("%q is no masked text frame", first)
	}
	if first[4:8] == second[4:8] {
		t.Error("two frames have the same mask")
	}
}

// Publishes go to their own server where there is one, whose path gets no suffix.
func TestPublishRequests(t *testing.T) {
	for want, elsewhere := range map[string][]string{"POST /bayeux/ HTTP/1.1\r\n": nil, "POST /in HTTP/1.1\r\n": {"http://127.0.0.1:2/in"}} {
		c := still(t, func(config *Config) {
			config.Suffixes, config.PublishURLs, config.Style = true, elsewhere, wire.CallbackPolling
		})
		if text := string(c.encoder.appendPublish(nil, &c.sessions[4], []byte("[7]"))); !strings.HasPrefix(text, want) || !strings.HasSuffix(text, "[7]") {
			t.Errorf("%q, want %q", text, want)
		}
	}
}
