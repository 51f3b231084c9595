package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test binary stand in for the program.
func TestMain(m *testing.M) {
	if os.Getenv("FAILURES_AS_PROGRAM") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// of is what the program prints of a file in testdata, or of a text.
func of(t *testing.T, form, text string) string {
	t.Helper()
	if content, err := os.ReadFile(filepath.Join("testdata", text)); err == nil {
		text = string(content)
	}
	var out strings.Builder
	if err := run(&out, form, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// names are the failures that were printed.
func names(printed string) (names []string) {
	for _, line := range strings.Split(printed, "\n") {
		if name, ok := strings.CutPrefix(line, "FAIL  "); ok {
			names = append(names, name)
		}
	}
	return names
}

func TestFailuresHaveNamesAndOutput(t *testing.T) {
	for _, c := range []struct {
		form, file string
		counts     string
		names      string
		says       []string
		not        []string
	}{
		{"go", "go.json", "1 2\n", "x/y|x TestB/sub_one|x TestC",
			[]string{"FAIL  x/y\n", "y.go:2:12: undefined: undefined", "FAIL  x TestB/sub_one\n          x_test.go:4: bad\n", "panic: ouch"},
			[]string{"=== RUN", "x_test.go:3", "TestA", "two"}},
		{"tap", "node.tap", "2 4\n", "outer > inner bad|suite > is bad|/src/b.test.mjs",
			[]string{"error: '1 == 2'", "boom\n      second\n", "FAIL  /src/b.test.mjs\n      to stderr\n", "exitCode: 3"},
			[]string{"duration_ms", "todo", "subtestsFailed"}},
	} {
		got := of(t, c.form, c.file)
		if !strings.HasPrefix(got, c.counts) || strings.Join(names(got), "|") != c.names {
			t.Errorf("%s: %q, want %q and %q", c.file, got, c.counts, c.names)
		}
		for _, want := range c.says {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in\n%s", c.file, want, got)
			}
		}
		for _, not := range c.not {
			if strings.Contains(got, not) {
				t.Errorf("%s: %q is in\n%s", c.file, not, got)
			}
		}
	}
}

func TestGoEvents(t *testing.T) {
	event := func(action, test, output string) string {
		return fmt.Sprintf(`{"Action":%q,"Package":"p","Test":%q,"Output":%q}`+"\n", action, test, output)
	}
	for _, c := range []struct{ name, in, want string }{
		{"nothing failed", event("run", "TestA", "") + event("output", "TestA", "hello\n") + event("pass", "TestA", ""), "1 0\n"},
		{"a parent that says something itself", event("run", "TestA", "") + event("run", "TestA/x", "") + event("fail", "TestA/x", "") +
			event("output", "TestA", "and so\n") + event("fail", "TestA", ""), "0 1\nFAIL  p TestA\n      and so\nFAIL  p TestA/x\n"},
		{"cut off", event("run", "TestA", "") + event("output", "TestA", "far\n"), "0 0\nFAIL  p TestA (did not end)\n      far\n"},
		{"paused and cut off", event("run", "TestA", "") + event("pause", "TestA", "") + event("cont", "TestA", ""), "0 0\nFAIL  p TestA (did not end)\n"},
		{"skipped", event("run", "TestA", "") + event("skip", "TestA", ""), "0 0\n"},
		{"the package alone", event("start", "", "") + event("output", "", "exit status 66\n") + event("fail", "", ""), "0 0\nFAIL  p\n      exit status 66\n"},
		{"no events", "go: cannot find main module\n", "0 0\nFAIL  go test\n      go: cannot find main module\n"},
		{"other lines beside events", "go: downloading x\n" + event("run", "TestA", "") + event("pass", "TestA", ""), "1 0\n"},
	} {
		if got := of(t, "go", c.in); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTAP(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"all well", "TAP version 13\n# Subtest: a\nok 1 - a\n1..1\n# pass 1\n# fail 0\n", "1 0\n"},
		{"what an earlier test said is not repeated", "# early\nok 1 - a\n# late\nnot ok 2 - b\n  ---\n  error: 'e'\n  ...\n# pass 1\n# fail 1\n",
			"1 1\nFAIL  b\n      late\n      error: 'e'\n"},
		{"cut off within a block", "not ok 1 - b\n  ---\n  error: 'e'\n", "0 0\nFAIL  b\n      error: 'e'\n"},
		{"not TAP at all", "node: bad option\n", "0 0\nFAIL  node --test\n      node: bad option\n"},
		{"a block that looks like a result", "not ok 1 - b\n  ---\n  error: |-\n    ok 2 - this is text\n  ...\n# fail 1\n", "0 1\nFAIL  b\n      error: |-\n      ok 2 - this is text\n"},
	} {
		if got := of(t, "tap", c.in); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLongOutputIsShortened(t *testing.T) {
	var lines []string
	for n := range head + tail + 2 {
		lines = append(lines, fmt.Sprint(n))
	}
	if got := shorten(lines[:head+tail+1]); len(got) != head+tail+1 {
		t.Errorf("one line too many is no gain, yet %d are left", len(got))
	}
	got := shorten(lines)
	if len(got) != head+tail+1 || got[0] != "0" || got[head] != "… 2 lines left out …" || got[len(got)-1] != lines[len(lines)-1] {
		t.Errorf("%q", got)
	}
}

func TestOddForm(t *testing.T) {
	if err := run(&strings.Builder{}, "xml", strings.NewReader("")); err == nil || !strings.Contains(err.Error(), "go or tap") {
		t.Errorf("error %v", err)
	}
}
