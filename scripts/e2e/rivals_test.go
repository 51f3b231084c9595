//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A quick run beside another server comes to a table of both, and to a picture.
func TestRivals(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*deadline)
	defer cancel()
	folder := t.TempDir()
	if out, err := exec.CommandContext(ctx, "../rivals", "--quick", "--out", folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(folder, "table.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"## Long-polls", "## Event-streams", "## Websockets"} {
		_, table, _ := strings.Cut(string(text), kind)
		table, _, _ = strings.Cut(table, "##")
		if !strings.Contains(table, "| halley |") || !strings.Contains(table, "| Faye |") {
			t.Errorf("%s\n%s", kind, text)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "rivals.svg")); err != nil {
		t.Error(err)
	}
}
