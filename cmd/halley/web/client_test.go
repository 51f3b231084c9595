package web

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// place is where a source map says that a place of the script came from.
type place struct {
	line, column       int // of the script, from 0
	source, from, word int // the source, its line and column, from 0
}

// readMap decodes a source map by the book, with no help from what wrote it.
func readMap(t *testing.T, text []byte) (names, sources []string, places []place) {
	t.Helper()
	var m struct {
		Version                 int
		Sources, SourcesContent []string
		Mappings                string
	}
	if err := json.Unmarshal(text, &m); err != nil || m.Version != 3 {
		t.Fatalf("version %d, %v", m.Version, err)
	}
	var at place
	for line, group := range strings.Split(m.Mappings, ";") {
		at.line, at.column = line, 0
		for segment := range strings.SplitSeq(group, ",") {
			if segment == "" {
				continue
			}
			fields := []*int{&at.column, &at.source, &at.from, &at.word}
			value, shift := 0, 0
			for _, digit := range segment {
				n := strings.IndexRune(base64, digit)
				value |= n & 31 << shift
				if shift += 5; n&32 != 0 {
					continue
				}
				if value&1 != 0 {
					value = -value
				}
				*fields[0] += value / 2
				fields, value, shift = fields[1:], 0, 0
			}
			places = append(places, at)
		}
	}
	return m.Sources, m.SourcesContent, places
}

// Every place that the map names has the same word in the script and in the source,
// the methods are found where they are written, and no stretch of the script is far
// from a place that is known.
func TestSourceMap(t *testing.T) {
	demo := pages(t, "/bayeux")
	script := strings.Split(string(demo["/halley.js"].Body), "\n")
	names, sources, places := readMap(t, demo["/halley.js.map"].Body)
	if len(places) < 1000 {
		t.Fatalf("only %d places", len(places))
	}
	found := make(map[string]bool)
	last := 0
	for _, p := range places {
		here, there := script[p.line][p.column:], strings.Split(sources[p.source], "\n")[p.from][p.word:]
		word := wordPattern.FindString(here)
		if !strings.HasPrefix(there, word) || word == "" {
			t.Fatalf("%q in the script, %q in %s:%d", here[:20], there, names[p.source], p.from+1)
		}
		if p.column-last > 500 {
			t.Errorf("nothing is known of %d bytes before %q", p.column-last, here[:20])
		}
		last = p.column
		found[names[p.source]+" "+strings.TrimSpace(strings.Split(sources[p.source], "\n")[p.from])] = true
	}
	for _, line := range []string{"client.js async disconnect() {", "client.js obey(reply, clientId) {", "page.js on('pagehide', () => client.leave());"} {
		if !found[line] {
			t.Errorf("no place is known in %s", line)
		}
	}
}

func TestVLQ(t *testing.T) {
	for n, want := range map[int]string{0: "A", 1: "C", -1: "D", 15: "e", 16: "gB", -16: "hB", 1000: "w+B"} {
		var text strings.Builder
		if appendVLQ(&text, n); text.String() != want {
			t.Errorf("%d is %s, want %s", n, text.String(), want)
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
	for _, name := range []string{manifest.Main, manifest.Types, "halley.js", "halley.js.map"} {
		name = strings.TrimPrefix(name, "./")
		if served := demo["/"+name].Body; len(served) == 0 || files[name] != string(served) {
			t.Errorf("%s is %d bytes, served %d", name, len(files[name]), len(served))
		}
	}
}
