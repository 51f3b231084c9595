package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// program is a script that stands for halley.
func program(t *testing.T, script string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "halley")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

const listening = `echo '{"level":"INFO","msg":"listening","addresses":["127.0.0.1:1"],"internal":"127.0.0.1:2"}' >&2`

func TestStartAndStop(t *testing.T) {
	s, err := start(0, program(t, "trap 'exit 3' TERM\necho '{\"level\":\"ERROR\",\"msg\":\"bad\"}' >&2\necho words >&2\n"+listening+"\nwhile :; do sleep 0.01; done"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "public", s.public, "127.0.0.1:1")
	equal(t, "internal", s.internal, "127.0.0.1:2")
	if err := s.stop(); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("ended with %v", err)
	}
	if got := s.faults(); !slices.Equal(got, []string{`{"level":"ERROR","msg":"bad"}`, "words"}) {
		t.Errorf("faults %q", got)
	}
}

func TestStartThatFails(t *testing.T) {
	if _, err := start(0, program(t, "echo port in use >&2; exit 1")); err == nil || !strings.Contains(err.Error(), "port in use") {
		t.Errorf("error %v", err)
	}
	if _, err := start(0, filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error without a program")
	}
}

func TestMeasure(t *testing.T) {
	_, s := startFake(t)
	f, err := s.measure(context.Background())
	if err != nil || f["a"] != 1 {
		t.Errorf("%v, %v", f, err)
	}
	s.internal = s.public + "/none"
	if _, err := s.measure(context.Background()); err == nil {
		t.Error("metrics that are not there are no error")
	}
}

func TestPublishTellsTheStatus(t *testing.T) {
	f, s := startFake(t)
	f.published = http.StatusServiceUnavailable
	if status, err := s.publish(context.Background(), event("/a", "1")); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("%d, %v", status, err)
	}
}
