package main

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A hangup has the configuration file read again: what may change does, item by item in the log; what may not is named; and
// a file that is none to start with changes nothing.
func TestHangupReloads(t *testing.T) {
	t.Parallel()
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
	write(`{"rule": ["/a publish=internal"], "log-format": "json", "idle-timeout": "30s", "hold": "5s", "turn-work": "1000", "log-level": "debug"}`)
	c.Process.Signal(syscall.SIGHUP)
	c.await(t, `"msg":"not changed: it needs a restart","part":"configuration","what":["--turn-work: 1000, was 50000"]`)
	for _, what := range []string{`--idle-timeout: 30s, was 1m15s`, `--hold: 5s, was 28s`, `--rule: without \"/a publish=session\"`, `--rule: with \"/a publish=internal\"`, `--log-level: \"debug\", was \"info\"`} {
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
	if err := errors.Join(os.Remove(file), syscall.Mkfifo(file, 0o600)); err != nil {
		t.Fatal(err)
	}
	c.Process.Signal(syscall.SIGHUP)
	if line := c.await(t, "not changed: what was read before stays in force"); !strings.Contains(line, "is a pipe: want a file") {
		t.Errorf("a pipe: %s", line)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	write(`{"log-format": "json", "turn-work": "1000"}`)
	c.Process.Signal(syscall.SIGHUP)
	c.await(t, `--log-level: \"info\", was \"debug\"`)
	publishes(0, "")
	c.Process.Signal(syscall.SIGTERM)
	if code := c.ends(t).ExitCode(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

// The first rule that wants it told who is there, and a page's origin, need no restart.
func TestHangupBringsPresenceAndOrigins(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"log-format": "json"}`)
	c := serving(t, "--config="+file)
	endpoint, _ := c.addresses(t)
	write(`{"log-format": "json", "presence-interval": "1s", "rule": ["/chat/* presence"], "allow-origin": ["https://a.example"]}`)
	c.Process.Signal(syscall.SIGHUP)
	c.await(t, `--rule: with \"/chat/* presence\"`)
	code, out, stderr := halley(t, "", "sub", "/chat/a", "/presence/chat/a", "--server="+endpoint, "--count=1", "--timeout=1m")
	if code != 0 || out != `{"channel":"/presence/chat/a","data":{"count":1}}`+"\n" {
		t.Errorf("exit %d, %s, %s", code, out, stderr)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(`{"channel":"/meta/handshake"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://a.example")
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "https://a.example" {
		t.Errorf("the page is told of %q", got)
	}
	http.DefaultClient.CloseIdleConnections()
	c.Process.Signal(syscall.SIGTERM)
	if code := c.ends(t).ExitCode(); code != 0 {
		t.Errorf("exit %d", code)
	}
}
