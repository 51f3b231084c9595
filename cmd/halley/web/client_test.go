package web

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
)

// banner is the first line of each script of this binary's client.
var banner = "/*! halley.js " + release() + ", MIT licence */\n"

// Every script of the client names the map beside it, which has its sources and counts the line that tells the version.
func TestSourceMaps(t *testing.T) {
	demo := pages(t, "/bayeux")
	for _, path := range []string{"/halley.js", "/halley.mjs", "/halley-share.mjs"} {
		script := string(demo[path].Body)
		if !strings.HasPrefix(script, banner) || !strings.HasSuffix(script, "//# sourceMappingURL="+path[1:]+".map\n") {
			t.Errorf("%s begins %q and ends %q", path, script[:40], script[len(script)-50:])
		}
		var m struct {
			Version                 int
			Sources, SourcesContent []string
			Mappings                string
		}
		if err := json.Unmarshal(demo[path+".map"].Body, &m); err != nil || m.Version != 3 {
			t.Fatalf("%s.map: version %d, %v", path, m.Version, err)
		}
		if !strings.HasPrefix(m.Mappings, ";") || strings.HasPrefix(m.Mappings, ";;") || len(m.Sources) != len(m.SourcesContent) {
			t.Errorf("%s.map: %d sources, %d texts, mappings %.20s", path, len(m.Sources), len(m.SourcesContent), m.Mappings)
		}
		for i, name := range m.Sources {
			source, err := os.ReadFile("client/" + name)
			if err != nil || string(source) != m.SourcesContent[i] {
				t.Errorf("%s.map: %s is not what was written, %v", path, name, err)
			}
		}
	}
}

// The package for npm has all that its manifest names, under the name that is ours, and
// comes out the same each time.
func TestPackage(t *testing.T) {
	demo := pages(t, "/bayeux")
	packed := demo["/halley.tgz"].Body
	if again := pages(t, "/bayeux")["/halley.tgz"].Body; !bytes.Equal(packed, again) {
		t.Error("it differs from one time to the next")
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for archive := tar.NewReader(zip); ; {
		head, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(head.Name, "package/")] = string(body)
	}
	var manifest struct{ Name, Version, Main, Types string }
	if err := json.Unmarshal([]byte(files["package.json"]), &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Name != "@halley-comet/client" || manifest.Version != release() {
		t.Errorf("%s %s", manifest.Name, manifest.Version)
	}
	for _, name := range []string{manifest.Main, manifest.Types, "halley.js", "halley.js.map", "halley.mjs.map", "halley-share.mjs"} {
		name = strings.TrimPrefix(name, "./")
		if served := demo["/"+name].Body; len(served) == 0 || files[name] != string(served) {
			t.Errorf("%s is %d bytes, served %d", name, len(files[name]), len(served))
		}
	}
}
