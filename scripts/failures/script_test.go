package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// stub stands for every program that scripts/test calls, by the name that it is called by.
// The runners say what the test wants them to, and fail if that has a failure in it.
const stub = `#!/usr/bin/env bash
say() { cat "$SAID/$1" 2>/dev/null; ! grep -q 'not ok\|"fail"\|^FAIL' "$SAID/$1" 2>/dev/null; }
name=${0##*/} all="$* "
case "$name $all" in
"go build -o "*failures*) exec cp "$FAILURES" "$3" ;;
"go test -json "*) say go ;;
"node -e "*) say version ;;
"node --test "*"a.test.mjs"*) [[ $all == *" a.test.mjs b.test.mjs "* ]] && say pass ;;
"node --test "*) [[ $all == *" --test-force-exit --test-concurrency=2 node.test.mjs proxy.test.mjs "* ]] && say tap && say pass ;;
"check "*) [ "$1" = compile ] || say check ;;
"adversary "*) echo "ok    floods" ;;
"chaos --for "*) echo "own NATS: 0 faults" ;;
esac
`

// suite runs scripts/test among stubs and returns what it prints.
func suite(t *testing.T, said map[string]string, absent ...string) (lines []string, status int) {
	t.Helper()
	root := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join("..", "test"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put("scripts/test", string(script))
	put("scripts/check", stub)
	put("scripts/adversary", stub)
	put("scripts/chaos", stub)
	put("scripts/release", stub)
	for _, name := range []string{"scripts/e2e/node", "scripts/e2e/proxy", "cmd/halley/web/test/a", "cmd/halley/web/test/b"} {
		put(name+".test.mjs", "")
	}
	put("failures", "#!/bin/sh\nFAILURES_AS_PROGRAM=1 exec '"+self+"' \"$@\"\n")
	for _, program := range []string{"go", "node", "npm", "chromium", "curl", "gcc", "nginx", "haproxy", "openssl", "debootstrap", "php", "zsh", "fish", "apt-get", "sudo"} {
		put("bin/"+program, stub)
	}
	for _, program := range absent {
		os.Remove(filepath.Join(root, "bin", program))
	}
	for _, program := range []string{"bash", "env", "timeout", "cat", "cp", "mktemp", "rm", "sed", "grep", "tail", "xargs", "echo", "dirname"} {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(root, "bin", program)); err != nil {
			t.Fatal(err)
		}
	}
	put("said/pass", "ok 1 - a\n# pass 1\n# fail 0\n")
	for name, text := range said {
		put("said/"+name, text)
	}
	command := exec.CommandContext(t.Context(), "bash", filepath.Join(root, "scripts/test"))
	command.Env = []string{"PATH=" + filepath.Join(root, "bin"), "SAID=" + filepath.Join(root, "said"), "FAILURES=" + filepath.Join(root, "failures")}
	out, _ := command.CombinedOutput()
	return strings.Split(strings.TrimSpace(string(out)), "\n"), command.ProcessState.ExitCode()
}

const (
	goPasses  = `{"Action":"run","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
	goFails   = `{"Action":"run","Package":"p","Test":"TestB"}` + "\n" + `{"Action":"output","Package":"p","Test":"TestB","Output":"went wrong\n"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestB"}` + "\n"
	tapFails  = "# Subtest: c\nnot ok 1 - c\n  ---\n  error: 'no'\n  ...\n# pass 0\n# fail 1\n"
	checkSays = "ok    vet   1 s\nok    test   1 s\n"
)

// The failed tests and what they said come last, whatever was said before and after them,
// and the line that counts is the last of all.
func TestTheSuiteEndsWithItsFailures(t *testing.T) {
	said := map[string]string{"go": goPasses + goFails + strings.Repeat(`{"Action":"output","Package":"p","Output":"noise"}`+"\n", 1000), "check": checkSays, "tap": tapFails}
	lines, status := suite(t, said)
	want := "what failed:|--- recorded feed|FAIL  p TestB|      went wrong|--- release and Debian package|FAIL  p TestB|      went wrong|--- real clients and browser|FAIL  c|      error: 'no'||"
	end := strings.Join(lines[max(len(lines)-12, 0):], "|")
	if !strings.HasPrefix(end, want) || !strings.HasSuffix(end, " failed") || status != 1 {
		t.Errorf("status %d, the end is %q, want %q", status, end, want)
	}
	if n := len(lines); n > 60 {
		t.Errorf("%d lines, most of them noise", n)
	}
}

func TestWhatScriptsCheckFoundComesLast(t *testing.T) {
	lines, status := suite(t, map[string]string{"go": goPasses, "check": "ok    vet   1 s\nFAIL  test   1 s\n\nwhat failed:\n--- test\n      FAIL  p TestC\n          no\n"})
	end := strings.Join(lines, "|")
	if !strings.Contains(end, "what failed:|--- scripts/check|--- test|      FAIL  p TestC|          no|") || status != 1 {
		t.Errorf("status %d\n%s", status, strings.Join(lines, "\n"))
	}
}

func TestTheSuiteNeedsPrograms(t *testing.T) {
	for _, c := range []struct {
		name   string
		said   map[string]string
		absent []string
		want   string
	}{
		{"no Go", nil, []string{"go"}, "https://go.dev/dl"},
		{"an old Node", map[string]string{"version": "FAIL Node 18 is too old\n"}, nil, "Node 18 is too old"},
		{"no apt", nil, []string{"apt-get", "curl"}, "there is no apt-get; please install what Debian calls curl ca-certificates"},
	} {
		lines, status := suite(t, c.said, c.absent...)
		if text := strings.Join(lines, "\n"); status != 1 || !strings.Contains(text, c.want) || lines[len(lines)-1] != "0 passed, 1 failed" {
			t.Errorf("%s: status %d, want %q\n%s", c.name, status, c.want, text)
		}
	}
}
