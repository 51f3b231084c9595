package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is printed of the flags has them all, and --config takes the file.
func TestManualCommands(t *testing.T) {
	flags := flagNames(t)
	for _, command := range []string{"man", "completion bash", "completion zsh", "completion fish"} {
		code, out, stderr := halley(t, "", strings.Fields(command)...)
		out = strings.ReplaceAll(out, `\-`, "-")
		for name := range flags {
			flag := "--" + name
			if command == "completion fish" {
				flag = " -l " + name
			}
			if name != "help" && name != "version" && !strings.Contains(out, flag) {
				t.Errorf("%s does not have %s", command, flag)
			}
		}
		if code != 0 || stderr != "" {
			t.Errorf("%s: %d %s", command, code, stderr)
		}
	}
	if code, _, stderr := halley(t, "", "completion", "csh"); code != 2 || !strings.Contains(stderr, "must be one of") {
		t.Errorf("csh: %d %s", code, stderr)
	}
	code, out, stderr := halley(t, "", "config")
	if code != 0 || stderr != "" {
		t.Fatalf("%d %s", code, stderr)
	}
	path := filepath.Join(t.TempDir(), "halley.json")
	if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := halley(t, "", "serve", "--check-config", "--config", path, "--listen=127.0.0.1:8080"); code != 0 || stderr != "" {
		t.Errorf("%d %s", code, stderr)
	}
}
