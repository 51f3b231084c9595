package upstream

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"halley/loop/hops"
)

// Routes are of all upstreams, or of the one that they name.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := Settings{Upstreams: []string{"http://a/bayeux", "https://b:1/bayeux"}, Routes: []string{
		"/x/** in", "/x/y/* in http://a/bayeux", "/x/** in https://b:1/bayeux", "/out/ out", "/both both https://b:1/bayeux"}}
	list, err := s.plans()
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, p := range list {
		got += fmt.Sprintf("%s in %s out %s\n", p.address, p.in, p.out)
	}
	want := "http://a/bayeux in [/x/**] out [/out]\nhttps://b:1/bayeux in [/x/** /both] out [/out /both]\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// What cannot work is refused with the flag's name.
func TestBadSettings(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	empty := filepath.Join(folder, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	up, route := []string{"http://a/bayeux"}, []string{"/a both"}
	for want, s := range map[string]Settings{
		"--route: needs --upstream":                  {Routes: route},
		"--upstream-required: needs --upstream":      {Required: true},
		"--upstream-header: needs --upstream":        {Headers: []string{"A: b"}},
		"--upstream http://a/bayeux: needs a --rout": {Upstreams: up},
		"--upstream http://a/bayeux: given twice":    {Upstreams: append(up, up...), Routes: route},
		`--upstream "ftp://a": want http://HOST`:     {Upstreams: []string{"ftp://a"}, Routes: route},
		`--upstream "http://u:xxxxx@a"`:              {Upstreams: []string{"http://u:p@a"}, Routes: route},
		"--upstream: ":                               {Upstreams: []string{"http://a\n"}, Routes: route},
		"a fragment is sent to nobody":               {Upstreams: []string{"http://a#b"}, Routes: route},
		`--route "/a": want PATTERN`:                 {Upstreams: up, Routes: []string{"/a"}},
		`--route "/a up": want in, out or both`:      {Upstreams: up, Routes: []string{"/a up"}},
		`--route "a in": channel does not begin`:     {Upstreams: up, Routes: []string{"a in"}},
		`--route "/service/a in": meta and service`:  {Upstreams: up, Routes: []string{"/service/a in"}},
		`no --upstream is http://b`:                  {Upstreams: up, Routes: []string{"/a in http://b"}},
		"--upstream-header: want Name: value":        {Upstreams: up, Routes: route, Headers: []string{"X: y", "A b"}},
		"--upstream-ca: open":                        {Upstreams: up, Routes: route, CA: folder + "/none"},
		"--upstream-ca " + empty:                     {Upstreams: up, Routes: route, CA: empty},
		"--upstream-token-file: open":                {Upstreams: up, Routes: route, TokenFile: folder + "/none"},
		"--upstream-token-file " + empty:             {Upstreams: up, Routes: route, TokenFile: empty},
	} {
		if _, err := New(s, hops.New(nil), quiet()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if r, err := New(Settings{}, nil, nil); r != nil || err != nil {
		t.Errorf("without flags there is %v, %v", r, err)
	}
}
