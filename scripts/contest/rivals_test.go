package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Every server says what was done in its favour, has a way of each kind that it speaks, and the files that pin or configure it.
func TestRivals(t *testing.T) {
	names := map[string]bool{}
	all := rivals()
	if !all[0].ours || all[0].name != "halley" || len(all[0].ways) != len(kinds()) {
		t.Errorf("ours is %s over %d kinds", all[0].name, len(all[0].ways))
	}
	for _, r := range all {
		if names[r.name] || r.tuned == "" || len(r.ways) == 0 || r.start == nil || r.get == nil || (len(r.ways) < len(kinds())) != (r.lacks != "") {
			t.Errorf("%+v", r)
		}
		names[r.name] = true
		for _, w := range r.ways {
			plainly := slices.Contains(w.args, "--path")
			if !slices.Contains(kinds(), w.kind) || plainly != (r.takes != "" || r.speaks != nil) || !strings.HasPrefix(w.mount, "/") {
				t.Errorf("%s: %+v", r.name, w)
			}
		}
	}
	for _, file := range []string{"faye/server.js", "faye/package-lock.json", "cometd-nodejs/server.js", "cometd-nodejs/package-lock.json", "cometd-java/pom.xml",
		"cometd-java/src/main/java/Cometd.java", "nchan/nginx.conf", "centrifugo/config.json", "pushpin/pushpin.conf"} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
}

// Where a server is started is in its command or its configuration.
func TestPlaces(t *testing.T) {
	s := &store{cache: t.TempDir(), folder: ".", halley: "halley", bench: "halley-bench"}
	if err := os.MkdirAll(s.path("cometd-java", ""), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path("cometd-java", "classpath"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, r := range rivals() {
		p := place{dir: t.TempDir(), port: 12345, other: 23456}
		got, err := r.start(s, p)
		if err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
		text := strings.Join(got.args, " ")
		files, _ := os.ReadDir(p.dir)
		for _, file := range files {
			if !file.IsDir() {
				text += readFile(t, p.dir+"/"+file.Name())
			}
		}
		if !strings.Contains(text, "12345") || got.takes != 0 && !strings.Contains(text, "23456") || strings.Contains(text, "${") {
			t.Errorf("%s: %s", r.name, text)
		}
	}
}
