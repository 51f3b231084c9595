package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// quick are the options of a short run against one node.
func quick(t *testing.T, disorders ...string) *options {
	t.Helper()
	return &options{
		Halley: os.Args[0], Nodes: 1, For: 700 * time.Millisecond, Seed: 1, Rate: 160, Clients: 1, Disorders: disorders,
		Pause: 600 * time.Millisecond, Telling: 2 * time.Second, Keep: filepath.Join(t.TempDir(), "made"),
	}
}

// perform runs the whole of it, and returns what it has said.
func perform(t *testing.T, o *options) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := o.run(t.Context(), &out)
	if t.Failed() || testing.Verbose() {
		t.Log(out.String())
	}
	return out.String(), err
}

// A server that is killed and has a history file keeps what it has promised.
func TestKilledServer(t *testing.T) {
	said, err := perform(t, quick(t, "kill"))
	if err != nil || !strings.Contains(said, "seed 1: 0 faults") || !strings.Contains(said, "kill node-0") || !strings.Contains(said, "served again after a kill") {
		t.Errorf("%v\n%s", err, said)
	}
}

// Faults that are planted in a server, which acknowledges a message and delivers it never or twice, or refuses one that it
// delivers, are found whatever the clients are.
func TestPlantedServers(t *testing.T) {
	for planted, says := range map[string][]string{
		"lost": {
			"long-polling 0 with replay on /kept/0: 1 acknowledged messages between 7 and 7 never came", "events 0 with replay on /kept/1: 1 acknowledged",
			"websocket 0 on /plain/2: 1 acknowledged messages between 7 and 7 never came, and nothing told of it", "events 0 on /plain/0: 1 acknowledged",
		},
		"doubled":    {"eventsource 0 with replay on /kept/0: 7 came twice", "events 0 on /plain/1: 7 came twice", "long-polling 0 on /kept/2: 7 came twice"},
		"refused":    {"websocket 0 with replay on /plain/0: 7 came, which the server had refused", "eventsource 0 on /plain/2: 7 came, which"},
		"lost plain": {"long-polling 0 on /plain/0: 1 acknowledged messages between 7 and 7 never came, and nothing told of it"},
	} {
		t.Run(planted, func(t *testing.T) {
			t.Setenv("PLANTED", planted)
			o := quick(t)
			o.For, o.Pause = 0, 0
			said, err := perform(t, o)
			if err != errFailed {
				t.Errorf("%v\n%s", err, said)
			}
			faults, err := os.ReadFile(filepath.Join(o.Keep, "faults.txt"))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range says {
				if !strings.Contains(string(faults), want) {
					t.Errorf("no %q in\n%s", want, faults)
				}
			}
			if planted == "lost plain" && strings.Contains(string(faults), "/kept/") {
				t.Errorf("kept messages are missed, too:\n%s", faults)
			}
		})
	}
}

// A program that is no server, and one that tells of a panic, end the run with the log.
func TestProgramsThatAreNoServers(t *testing.T) {
	for text, want := range map[string]string{
		"exit 1": "node-0 has ended",
		"echo 'panic: at the start'; exec sleep 0.1": "panic: at the start",
	} {
		o := quick(t)
		o.Halley = filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(o.Halley, []byte(fmt.Sprintf("#!/bin/sh\n%s\n", text)), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := perform(t, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	o := quick(t)
	o.Nodes, o.Nats = 3, "/nowhere"
	if _, err := perform(t, o); err == nil || !strings.Contains(err.Error(), "nats:") {
		t.Error(err)
	}
}

// Where the logs are to be removed, they are.
func TestOwnFolder(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	o := quick(t)
	o.Halley, o.Keep = "/bin/false", ""
	if _, err := perform(t, o); err == nil {
		t.Error("a server that fails is no fault")
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("%v %v", left, err)
	}
}

// Nodes do not begin with what those of another run have stored.
func TestFolderOfAnotherRun(t *testing.T) {
	o := options{Keep: t.TempDir()}
	if err := os.WriteFile(filepath.Join(o.Keep, "faults.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := o.run(t.Context(), io.Discard); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "--keep: "+o.Keep) {
		t.Error(err)
	}
}
