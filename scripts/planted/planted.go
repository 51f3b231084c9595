// Package planted makes trees of files for the tests of scripts that look at trees.
package planted

import (
	"os"
	"path/filepath"
	"testing"
)

// Tree writes files (path → text) into a new tree, which ends with the test.
func Tree(t testing.TB, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
