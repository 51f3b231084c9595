package client

import "testing"

func TestSuffixes(t *testing.T) {
	for what, want := range map[request]string{handshake: "/handshake", subscribe: "/", firstConnect: "/connect", connect: "/connect",
		publish: "/", disconnect: "/disconnect", stream: "/connect", heartbeat: "/connect"} {
		if got := what.suffix(); got != want {
			t.Errorf("request %d has suffix %q, want %q", what, got, want)
		}
	}
}
