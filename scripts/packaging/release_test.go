//go:build e2e

package packaging

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-json"
)

// run is a command's output; the test ends if it fails.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// release makes one from a clone of its own, so that nothing of a folder can get into it.
func release(t *testing.T) (files map[string][]byte, folder string) {
	t.Helper()
	clone, folder := filepath.Join(t.TempDir(), "clone"), t.TempDir()
	common := strings.TrimSpace(run(t, "git", "rev-parse", "--path-format=absolute", "--git-common-dir"))
	run(t, "git", "clone", "-q", "--no-checkout", "file://"+common, clone)
	run(t, "git", "-C", clone, "checkout", "-q", strings.TrimSpace(run(t, "git", "rev-parse", "HEAD")))
	run(t, filepath.Join(clone, "scripts", "release"), folder)
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	files = make(map[string][]byte)
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = raw
	}
	return files, folder
}

// Two releases of one commit are the same to the byte, wherever they are made. The package of this machine's architecture
// is installed, run and removed, and its program runs in an image of nothing else.
func TestRelease(t *testing.T) {
	first, folder := release(t)
	second, _ := release(t)
	if len(first) != 7 {
		t.Errorf("%d files", len(first))
	}
	for name, raw := range first {
		if !bytes.Equal(raw, second[name]) {
			t.Errorf("%s differs", name)
		}
	}
	t.Run("sums", func(t *testing.T) {
		if out := run(t, "sh", "-c", `cd "$1" && sha256sum --check --strict SHA256SUMS`, "-", folder); strings.Count(out, ": OK") != len(first)-1 {
			t.Error(out)
		}
	})
	t.Run("bill of materials", func(t *testing.T) { materials(t, first) })
	arch := strings.TrimSpace(run(t, "go", "env", "GOHOSTARCH"))
	tree := t.TempDir()
	tarballs, _ := filepath.Glob(filepath.Join(folder, "*-"+arch+".tar.gz"))
	if len(tarballs) != 1 {
		t.Fatalf("no tarball for %s", arch)
	}
	run(t, "tar", "-C", tree, "--strip-components=1", "-xzf", tarballs[0])
	t.Run("version", func(t *testing.T) {
		commit := strings.TrimSpace(run(t, "git", "rev-parse", "HEAD"))
		if out := run(t, filepath.Join(tree, "halley"), "version"); !strings.Contains(out, ", commit "+commit+", go1.") {
			t.Error(out)
		}
	})
	t.Run("image", func(t *testing.T) { inImage(t, filepath.Join(tree, "halley")) })
	t.Run("Debian", func(t *testing.T) {
		packages, _ := filepath.Glob(filepath.Join(folder, "*_"+arch+".deb"))
		if len(packages) != 1 {
			t.Fatalf("no package for %s", arch)
		}
		inDebian(t, packages[0])
	})
}

// materials names the modules that the program is made of, at no time but the commit's.
func materials(t *testing.T, files map[string][]byte) {
	modules := strings.Fields(run(t, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}}{{end}}{{end}}", "../../cmd/halley"))
	for name, raw := range files {
		if !strings.HasSuffix(name, ".cdx.json") {
			continue
		}
		var bill struct {
			BomFormat  string
			Metadata   struct{ Timestamp string }
			Components []struct{ Name, Version string }
		}
		if err := json.Unmarshal(raw, &bill); err != nil || bill.BomFormat != "CycloneDX" {
			t.Errorf("%s: %q, %v", name, bill.BomFormat, err)
		}
		when := strings.TrimSpace(run(t, "git", "log", "-1", "--date=format-local:%FT%TZ", "--format=%cd"))
		if os.Getenv("TZ") == "UTC" && bill.Metadata.Timestamp != when {
			t.Errorf("%s is of %s, the commit of %s", name, bill.Metadata.Timestamp, when)
		}
		has := make(map[string]bool)
		for _, c := range bill.Components {
			has[c.Name+"@"+c.Version] = true
		}
		for _, module := range modules {
			if !has[module] {
				t.Errorf("%s does not name %s", name, module)
			}
		}
	}
}
