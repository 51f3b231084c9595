package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A hangup has the configuration file read again: what may change does, item by item in the log; what may not is named; and
// a file that is none to start with changes nothing.
func TestHangupReloads(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"rule": ["/a publish=session"], "log-format": "json", "max-queue-note": 1}`)
	if code, _, stderr := halley(t, "", "serve", "--config="+file, "--check-config"); code != exitUsage {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	write(`{"rule": ["/a publish=session"], "log-format": "json"}`)
	c := serving(t, "--config="+file)
	endpoint, _ := c.addresses(t)
	publishes := func(want int, text string) {
		t.Helper()
		if code, _, stderr := halley(t, "", "pub", "/a", "1", "--bayeux="+endpoint); code != want || !strings.Contains(stderr, text) {
			t.Errorf("pub: exit %d, %s", code, stderr)
		}
	}
	publishes(0, "")
	write(`{"rule": ["/a publish=internal"], "log-format": "json", "idle-timeout": "30s", "hold": "5s", "log-level": "debug"}`)
	c.Process.Signal(syscall.SIGHUP)
	c.await(t, `"msg":"not changed: it needs a restart","part":"configuration","what":["--hold: 5s, was 28s"]`)
	for _, what := range []string{`--idle-timeout: 30s, was 1m15s`, `--rule: without \"/a publish=session\"`, `--rule: with \"/a publish=internal\"`, `--log-level: \"debug\", was \"info\"`} {
		c.await(t, `"msg":"changed","part":"configuration","what":"`+what)
	}
	publishes(1, "403:denied_by_rule")
	for text, want := range map[string]string{
		`{"rule": ["/a publish=session", "/a wrong"]}`: "--rule",
		`{"rule": []`:              "--config",
		`{"idle-timeout": "1s2"}`:  "idle-timeout",
		`{"drain-delay": "200h"}`:  "--drain-delay",
		`{"max-sessions": "-1"}`:   "--max-sessions",
		`{"rule": [], "rules": 1}`: "rules",
	} {
		write(text)
		c.Process.Signal(syscall.SIGHUP)
		line := c.await(t, "not changed: what was read before stays in force")
		if !strings.Contains(line, want) {
			t.Errorf("%s: %s", text, line)
		}
	}
	publishes(1, "403:denied_by_rule")
	write(`{"log-format": "json", "hold": "5s"}`)
	c.Process.Signal(syscall.SIGHUP)
	c.await(t, `--log-level: \"info\", was \"debug\"`)
	publishes(0, "")
	c.Process.Signal(syscall.SIGTERM)
	if code := c.ends(t).ExitCode(); code != 0 {
		t.Errorf("exit %d", code)
	}
}
