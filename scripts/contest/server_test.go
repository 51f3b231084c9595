package main

import (
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

func emptyContest(t *testing.T) *contest {
	t.Helper()
	return &contest{work: t.TempDir(), store: &store{}, log: io.Discard}
}

func TestServers(t *testing.T) {
	r := fake("a", "listen")
	s, err := emptyContest(t).serve(&r, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.pids) != 1 || s.pids[0] != s.command.Process.Pid || !takes(s.place.port) {
		t.Errorf("%+v", s)
	}
	s.stop()
	if takes(s.place.port) || syscall.Kill(s.pids[0], 0) == nil {
		t.Error("it goes on")
	}
}

// A server with other processes is all of them.
func TestServersOfSeveralProcesses(t *testing.T) {
	r := fake("a")
	r.start = func(_ *store, p place) (process, error) {
		return process{args: []string{"sh", "-c", `sleep 60 & "$0" listen "$1"; true`, testProgram(), p.listen()}}, nil
	}
	s, err := emptyContest(t).serve(&r, true)
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	if len(s.pids) != 3 {
		t.Errorf("%+v", s.pids)
	}
	for takes(s.place.port) { // the test's limit ends it if a process was left behind
		time.Sleep(time.Millisecond)
	}
}

func TestServersThatDoNotStart(t *testing.T) {
	for name, c := range map[string]struct{ args, says string }{
		"it ends": {"echo out of luck", "out of luck"}, "it is not there": {"/nowhere/to/be/found", "no such file"},
	} {
		r := fake("a")
		r.start = func(*store, place) (process, error) { return process{args: strings.Fields(c.args)}, nil }
		if _, err := emptyContest(t).serve(&r, true); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
