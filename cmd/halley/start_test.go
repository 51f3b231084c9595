package main

import (
	"cmp"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// taken is an address that somebody listens on.
func taken(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// rounds is how often each way of failing is tried: few times, or HALLEY_ROUNDS.
func rounds(t *testing.T) int {
	t.Helper()
	value := cmp.Or(os.Getenv("HALLEY_ROUNDS"), "3")
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		t.Fatalf("HALLEY_ROUNDS=%s is no number above 0", value)
	}
	return n
}

// Whatever keeps the server from starting ends it, with one line that names the
// flag, in every of several rounds.
func TestEveryWayOfFailingAtTheStart(t *testing.T) {
	dir := t.TempDir()
	locked, foreign, config := filepath.Join(dir, "locked"), filepath.Join(dir, "foreign"), filepath.Join(dir, "config")
	s, _, _ := server(t, "--history-file="+locked)
	t.Cleanup(func() { s.stop() }) // after all rows, which are parallel
	text := strings.Repeat("this is a letter to somebody\n", 100)
	for _, name := range []string{foreign, config} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"port in use":            {[]string{"--listen=" + taken(t)}, exitFailed, "--listen"},
		"second port in use":     {[]string{"--listen=" + taken(t), "--listen=127.0.0.1:0"}, exitFailed, "--listen"},
		"internal port in use":   {[]string{"--internal=" + taken(t)}, exitFailed, "--internal"},
		"no such address":        {[]string{"--listen=192.0.2.1:0"}, exitFailed, "--listen"},
		"listen is a port":       {[]string{"--listen=8080"}, exitUsage, "--listen"},
		"port too great":         {[]string{"--listen=127.0.0.1:70000"}, exitUsage, "--listen"},
		"internal is a port":     {[]string{"--internal=8081"}, exitUsage, "--internal"},
		"internal without a key": {[]string{"--internal=0.0.0.0:0"}, exitUsage, "--internal-key"},
		"no such keys":           {[]string{"--internal-keys=" + dir + "/none"}, exitUsage, "--internal-keys"},
		"keys foreign":           {[]string{"--internal-keys=" + foreign}, exitUsage, "--internal-keys"},
		"control half a path":    {[]string{"--control=ctl"}, exitUsage, "--control \"ctl\": want the whole path"},
		"history locked":         {[]string{"--history-file=" + locked}, exitFailed, "--history-file"},
		"history read-only":      {[]string{"--history-file=" + program}, exitUsage, "--history-file"},
		"history a directory":    {[]string{"--history-file=" + dir}, exitUsage, "--history-file"},
		"history nowhere":        {[]string{"--history-file=" + dir + "/none/file"}, exitUsage, "--history-file"},
		"history foreign":        {[]string{"--history-file=" + foreign}, exitFailed, "--history-file"},
		"import of no use":       {[]string{"--import=a.> /a/*", "--feed-url=nats://127.0.0.1:1"}, exitUsage, "--import"},
		"export of no use":       {[]string{"--export=/a a.>", "--feed-url=nats://127.0.0.1:1"}, exitUsage, "--export"},
		"import from nowhere":    {[]string{"--import=a /a"}, exitUsage, "--feed-url"},
		"config no JSON":         {[]string{"--config=" + config}, exitUsage, "--config"},
		"config a directory":     {[]string{"--config=" + dir}, exitUsage, "--config"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range rounds(t) {
				failsToStart(t, tt.code, tt.want, tt.args...)
			}
		})
	}
}

func failsToStart(t *testing.T, wantCode int, want string, args ...string) {
	t.Helper()
	code, _, stderr := halley(t, "", append([]string{"serve", "--listen=127.0.0.1:0", "--internal=127.0.0.1:0", "--loops=1"}, args...)...)
	lines := strings.Split(strings.TrimSpace(strings.TrimSuffix(stderr, "halley serve --help lists the flags.\n")), "\n")
	if code != wantCode || len(lines) != 1 || !strings.Contains(lines[0], want) {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	if code == exitUsage {
		if code, _, stderr := halley(t, "", append([]string{"serve", "--check-config"}, args...)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Fatalf("with --check-config: exit %d, %s", code, stderr)
		}
	}
}
