package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// What halley-bench publishes comes to a server as it takes it, with data byte for byte.
func TestPublishing(t *testing.T) {
	var got string
	status := http.StatusAccepted
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.URL.Path + " " + string(body)
		w.WriteHeader(status)
	}))
	defer server.Close()
	_, text, _ := net.SplitHostPort(server.Listener.Addr().String())
	port, _ := strconv.Atoi(text)
	publish := func(r rival) int {
		s, err := newSpeaker(r.speaks(place{port: port, other: port}))
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		answer, err := http.Post(s.url, "application/json", strings.NewReader(`[{"channel":"/bench","data":{"t":1.0}},{"channel":"/bench","data":2}]`))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	for _, c := range []struct {
		server rival
		want   string
	}{
		{centrifugo(), `/api/batch {"parallel":false,"commands":[{"publish":{"channel":"/bench","data":{"t":1.0}}},{"publish":{"channel":"/bench","data":2}}]}`},
		{pushpin(), `/publish/ {"items":[{"channel":"test","formats":{"http-stream":{"content":"data: {\"channel\":\"/bench\",\"data\":{\"t\":1.0}}\n\n"},"ws-message":{"content":"{\"channel\":\"/bench\",\"data\":{\"t\":1.0}}"}}},` +
			`{"channel":"test","formats":{"http-stream":{"content":"data: {\"channel\":\"/bench\",\"data\":2}\n\n"},"ws-message":{"content":"{\"channel\":\"/bench\",\"data\":2}"}}}]}`},
	} {
		if code := publish(c.server); code != http.StatusOK || got != c.want {
			t.Errorf("%s: %d %s, want %s", c.server.name, code, got, c.want)
		}
	}
	status = http.StatusForbidden
	if code := publish(centrifugo()); code != http.StatusBadGateway {
		t.Errorf("a refused publish: %d", code)
	}
}
