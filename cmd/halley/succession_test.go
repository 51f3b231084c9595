package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// successive is a server that others can take over from, with a history, and what it is reached by.
func successive(t *testing.T) (flags []string, first *child, endpoint, internal string) {
	t.Helper()
	dir := t.TempDir()
	flags = []string{"--control=" + filepath.Join(dir, "control"), "--history-file=" + filepath.Join(dir, "history"),
		"--rule=/h history=100", "--log-format=json", "--drain-timeout=2s", "--loops=2"}
	first = serving(t, flags...)
	endpoint, internal = first.addresses(t)
	return flags, first, endpoint, internal
}

// says publishes by the internal listener.
func says(t *testing.T, internal, data string) {
	t.Helper()
	if code, _, stderr := halley(t, "", "pub", "/h", data, "--server="+internal); code != 0 {
		t.Errorf("pub %s: exit %d, %s", data, code, stderr)
	}
}

// A later server with the same flags has the same addresses, what was remembered and the subscribers, who miss nothing;
// the first one ends. That works again and again.
func TestSuccession(t *testing.T) {
	t.Parallel()
	flags, server, endpoint, internal := successive(t)
	sub := subscribe(t, endpoint, internal, 1, "/h", "--since=earliest", "--count=9")
	n := 1
	for range 2 {
		says(t, internal, fmt.Sprint(n))
		next := serving(t, flags...)
		if e, i := next.addressesOf(t, "listening"); e != endpoint || i != internal {
			t.Errorf("at %s and %s, want %s and %s", e, i, endpoint, internal)
		}
		for ; n%4 != 0; n++ {
			says(t, internal, fmt.Sprint(n+1))
		}
		if state := server.ends(t); state.ExitCode() != 0 {
			t.Errorf("it ended with %v", state)
		}
		server, n = next, n+1
	}
	says(t, internal, "9")
	if code := <-sub.code; code != 0 {
		t.Errorf("sub: exit %d, %s", code, sub.log)
	}
	var got []string
	for line := range strings.Lines(sub.out.String()) {
		_, data, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), "}"), `"data":`)
		got = append(got, strings.Split(data, ",")[0])
	}
	if want := "1 2 3 4 5 6 7 8 9"; strings.Join(got, " ") != want {
		t.Errorf("it got %v", got)
	}
	server.Process.Signal(syscall.SIGTERM)
	if state := server.ends(t); state.ExitCode() != 0 {
		t.Errorf("it ended with %v", state)
	}
}

// SIGUSR2 has a server start its successor, which tells the supervisor that it is the main process now.
func TestSuccessorOnSignal(t *testing.T) {
	n := supervised(t)
	_, first, endpoint, internal := successive(t)
	n.next()
	first.Process.Signal(syscall.SIGUSR2)
	said := n.next()
	pid, err := strconv.Atoi(strings.TrimPrefix(strings.Split(said, "\n")[0], "MAINPID="))
	if err != nil || pid == first.Process.Pid || !strings.HasSuffix(said, "\nREADY=1") {
		t.Fatalf("told %q", said)
	}
	successor, _ := os.FindProcess(pid)
	t.Cleanup(func() { successor.Kill() })
	late := time.AfterFunc(patience, func() { first.Process.Kill() })
	defer late.Stop()
	if state, err := first.Process.Wait(); err != nil || state.ExitCode() != 0 { // its log goes on: the successor has it
		t.Errorf("it ended with %v, %v", state, err)
	}
	says(t, internal, "1")
	if code, _, stderr := halley(t, "", "sub", "--server="+endpoint, "/h", "--count=1", "--since=0"); code != 0 && code != exitUsage {
		t.Errorf("sub: exit %d, %s", code, stderr)
	}
	successor.Signal(syscall.SIGTERM)
	if got := n.next(); got != "STOPPING=1" {
		t.Errorf("told %q", got)
	}
}

// The program that is started is the file that this one was started from.
func TestOnDisk(t *testing.T) {
	path, err := onDisk()
	if err != nil || !filepath.IsAbs(path) {
		t.Fatalf("%q, %v", path, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
