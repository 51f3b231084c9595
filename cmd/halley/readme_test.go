package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

// flagNames are the flags of all commands.
func flagNames(t *testing.T) map[string]bool {
	t.Helper()
	p, err := parse(environment{stdout: io.Discard, stderr: io.Discard}, []string{"man"})
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, command := range p.context.Model.Children {
		for _, group := range command.AllFlags(false) {
			for _, f := range group {
				names[f.Name] = true
			}
		}
	}
	return names
}

// What the documents call a flag is one. Lines that run other programs have theirs.
func TestDocumentsNameFlagsThatThereAre(t *testing.T) {
	flags := flagNames(t)
	other := regexp.MustCompile(`curl |halley-bench |scripts/|npm |node |docker |systemctl kill `)
	flag := regexp.MustCompile("(^|[^-a-z.])--([a-z][a-z-]*[a-z])")
	found := 0
	for _, document := range []string{"../../README.md", "../../TUNING.md", "../../ARCHITECTURE.md", "../../SECURITY.md"} {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if other.MatchString(line) {
				continue
			}
			for _, m := range flag.FindAllStringSubmatch(line, -1) {
				if found++; !flags[m[2]] {
					t.Errorf("%s: there is no --%s: %s", document, m[2], line)
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d flags found", found)
	}
}
