package main

import (
	"runtime"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	flag, _, status := bench(t, "--version")
	command, stderr, other := bench(t, "version")
	if status != 0 || other != 0 || flag != command || !strings.HasPrefix(flag, "halley-bench ") || !strings.Contains(flag, runtime.Version()) {
		t.Errorf("--version: %d %q, version: %d %q %q", status, flag, other, command, stderr)
	}
}

// Runs of different servers can be told apart without a label.
func TestLabels(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"fanout", "http://127.0.0.1:8080/bayeux"},
		{"fanout --url http://h:1/b", "http://h:1/b"},
		{"fanout --server-cmd a", "a"},
		{"fanout --server-cmd b --url http://h:1/b", "b"},
		{"fanout --server-cmd b --label mine", "mine"},
	} {
		if got := parse(t, strings.Fields(c.args)...).Fanout.options("fanout").Label; got != c.want {
			t.Errorf("%s: %q, want %q", c.args, got, c.want)
		}
	}
}
