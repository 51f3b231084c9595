package main

import (
	"net"
	"strings"
	"testing"
)

// A server that lives is found by the flags that it has, one that is not there is told as a failure.
func TestHealth(t *testing.T) {
	t.Parallel()
	s, _, internal := server(t, "--drain-delay=0s")
	address := strings.TrimPrefix(internal, "http://")
	_, port, _ := net.SplitHostPort(address)
	for _, args := range [][]string{
		{"--internal", address}, {"--internal", address, "--ready"}, {"--server", internal}, {"--server", internal + "/", "--ready"},
		{"--internal", "0.0.0.0:" + port, "--internal-key", "k"},
	} {
		code, out, stderr := halley(t, "", append([]string{"health", "--wait=1m"}, args...)...)
		if code != 0 || stderr != "" || !strings.Contains(out, "true") {
			t.Errorf("%v: %d %s %s", args, code, out, stderr)
		}
	}
	for want, args := range map[string][]string{
		"404": {"--server", internal + "/nowhere"}, "missing protocol": {"--server", ":x"}, "deadline": {"--server", internal, "--wait", "1ns"},
	} {
		if code, _, stderr := halley(t, "", append([]string{"health"}, args...)...); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%v: %d %s", args, code, stderr)
		}
	}
	for args, want := range map[string]string{"--internal=": "no internal listener", "--internal=fd:x --internal-key=k": "--server", "--cert=x": "--key", "--loops=x": "--loops"} {
		if code, _, stderr := halley(t, "", append([]string{"health"}, strings.Fields(args)...)...); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d %s", args, code, stderr)
		}
	}
	if code := s.stop(); code != 0 {
		t.Error(code)
	}
	if code, _, stderr := halley(t, "", "health", "--internal", address); code != 1 || !strings.Contains(stderr, "refused") {
		t.Errorf("no server: %d %s", code, stderr)
	}
}

func TestHealthAddress(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:1": "127.0.0.1:1", "0.0.0.0:1": "127.0.0.1:1", "[::]:1": "[::1]:1", ":1": "localhost:1", "halley:1": "halley:1", "[fe80::1]:1": "[fe80::1]:1", "odd": "odd",
	} {
		if got := ownAddress(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
