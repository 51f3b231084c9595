package main

import (
	"fmt"
	"strings"
	"testing"
)

// Whatever the transport, sub prints what is published, by pub over the same one
// too, and outlives the server's restart.
func TestTransports(t *testing.T) {
	for _, transport := range []string{"long-polling", "websocket", "eventsource", "websocket,long-polling", "events"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			s, endpoint, internal := serverAt(t, unused(t), "--drain-timeout=500ms")
			sub := subscribe(t, endpoint, internal, 1, "/chat/*", "--count=3", "--transport="+transport)
			by := transport
			if by == plainEvents {
				by = "eventsource"
			}
			for i, args := range [][]string{{"--server=" + internal}, {"--bayeux=" + endpoint, "--transport=" + by}} {
				code, _, stderr := halley(t, "", append([]string{"pub", "/chat/a", fmt.Sprint(i)}, args...)...)
				if code != 0 || stderr != "" {
					t.Errorf("pub %v: exit %d, %s", args, code, stderr)
				}
				eventually(t, func() bool { return strings.Count(sub.out.String(), "\n") == i+1 }, sub.log)
			}
			if code := s.stop(); code != 0 {
				t.Errorf("serve: exit %d, %s", code, s.log)
			}
			address := strings.TrimSuffix(strings.TrimPrefix(endpoint, "http://"), "/bayeux")
			s, _, internal = serverAt(t, address)
			eventually(t, func() bool { return strings.Contains(get(t, internal+"/channels"), "/chat/*") }, sub.log)
			halley(t, "", "pub", "/chat/a", "2", "--server="+internal)
			if code := <-sub.code; code != 0 {
				t.Errorf("sub: exit %d, %s", code, sub.log)
			}
			want := ""
			for i := range 3 {
				want += fmt.Sprintf("{\"channel\":\"/chat/a\",\"data\":%d}\n", i)
			}
			if got := sub.out.String(); got != want {
				t.Errorf("printed %s, want %s; %s", got, want, sub.log)
			}
			s.stop()
		})
	}
}

// What refuses the transport that was asked for is told.
func TestRefusedTransports(t *testing.T) {
	s, endpoint, _ := server(t)
	nothing := strings.Replace(endpoint, "/bayeux", "/nothing", 1)
	for _, args := range [][]string{
		{"--server=" + nothing, "--transport=websocket", "/a"},
		{"--server=" + nothing, "--transport=websocket,long-polling", "/a"},
		{"--server=" + endpoint, "--transport=events", "/meta/connect"},
	} {
		if code, _, stderr := halley(t, "", append([]string{"sub"}, args...)...); code != 1 || !strings.Contains(stderr, "HTTP status 40") {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
	if _, _, stderr := halley(t, "", "sub", "/meta/connect", "--server="+endpoint, "--transport=events"); !strings.Contains(stderr, `: "`) {
		t.Errorf("not what the server says: %s", stderr)
	}
	s.stop()
}
