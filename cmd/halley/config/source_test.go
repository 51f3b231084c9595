package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What is wrong in a file is told with its name; what a flag or variable says in its place is not the file's fault.
func TestFaultsOfAFileNameIt(t *testing.T) {
	path := file(t, `{"hold":30,"loops":"a","max-batch":0,"gc-percent":"x"}`)
	for _, c := range []struct {
		args  []string
		fault string
		file  bool
	}{
		{[]string{"--loops=1", "--max-batch=1", "--gc-percent=1"}, "--hold: expected duration", true},
		{[]string{"--hold=30s", "--max-batch=1", "--gc-percent=1"}, "--loops: expected", true},
		{[]string{"--hold=30", "--loops=1", "--max-batch=1", "--gc-percent=1"}, "--hold: expected duration", false},
		{[]string{"--hold=30s", "--loops=1", "--max-batch=1"}, "--gc-percent: expected", true},
	} {
		from := new(Source)
		_, _, err := parseFrom(t, from, append([]string{"serve", "--config", path}, c.args...)...)
		if err = from.Blame(err); err == nil || !strings.HasPrefix(err.Error(), c.fault) || strings.HasSuffix(err.Error(), " (from "+path+")") != c.file {
			t.Errorf("%v: %v", c.args, err)
		}
	}
}

func TestBlame(t *testing.T) {
	s := &Source{path: "f"}
	s.gave("hold")
	for text, want := range map[string]string{
		"--hold: wrong": "--hold: wrong (from f)", `--hold "x": wrong`: `--hold "x": wrong (from f)`, "--hold": "--hold (from f)",
		"--holding: wrong": "--holding: wrong", "--loops: wrong": "--loops: wrong", "hold: wrong": "hold: wrong", "": "",
	} {
		cause := errors.New(text)
		if err := s.Blame(cause); err.Error() != want || !errors.Is(err, cause) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := s.Blame(nil); err != nil {
		t.Error(err)
	}
	if err := new(Source).Blame(fmt.Errorf("--hold: x")); err.Error() != "--hold: x" {
		t.Error(err)
	}
}

func TestJoinNegative(t *testing.T) {
	for args, want := range map[string]string{
		"serve --max-message -1 --demo":    "serve --max-message=-1 --demo",
		"sub /a --since -2":                "sub /a --since=-2",
		"serve --hold=1s -1":               "serve --hold=1s -1",
		"pub --bayeux u -":                 "pub --bayeux u -",
		"pub /a -1":                        "pub /a -1",
		"pub -- -1":                        "pub -- -1",
		"serve --max-message --internal x": "serve --max-message --internal x",
		"-1":                               "-1",
		"":                                 "",
	} {
		if got := JoinNegative(strings.Fields(args)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %v", args, got)
		}
	}
}
