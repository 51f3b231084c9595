package planted

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTree(t *testing.T) {
	files := map[string]string{"a": "1", "b/c/d": "2", "b/e": ""}
	root := Tree(t, files)
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
