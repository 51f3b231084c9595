package arch

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"halley/scripts/planted"
)

func TestImportDirections(t *testing.T) {
	violations, err := Check("../..", "halley")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Error(v)
	}
}

func TestPlantedViolationsAreFound(t *testing.T) {
	for _, c := range []struct {
		name, file, source string
		want               string // part of the one violation
	}{
		{"a pure package with sockets", "bayeux/a.go", "import \"net\"", "bayeux/a.go:2: bayeux is pure and must not import net"},
		{"and what is below net", "httpparse/a.go", "import \"net/http\"", "must not import net/http"},
		{"files", "bayeux/history/a.go", "import \"os\"", "must not import os"},
		{"files, below os", "bayeux/a.go", "import \"os/signal\"", "must not import os/signal"},
		{"locks", "bayeux/channel/a.go", "import \"sync\"", "must not import sync"},
		{"atomics", "bayeux/wheel/a.go", "import \"sync/atomic\"", "must not import sync/atomic"},
		{"locks in the parser", "httpparse/websocket/a.go", "import \"sync\"", "must not import sync"},
		{"goroutines", "bayeux/queue/a.go", "func f() { func() { go f() }() }", "bayeux/queue/a.go:2: bayeux/queue is pure and must not start a goroutine"},
		{"goroutines of the parser", "httpparse/a.go", "func f() { go f() }", "must not start a goroutine"},
		{"another language", "bayeux/a.go", "import \"C\"", "must not import C"},
		{"its own randomness", "bayeux/a.go", "import \"crypto/rand\"", "must not import crypto/rand"},
		{"the second kind of randomness", "bayeux/a.go", "import \"math/rand/v2\"", "must not import math/rand/v2"},
		{"a renamed import", "bayeux/a.go", "import files \"os\"", "must not import os"},
		{"a blank import", "bayeux/a.go", "import _ \"os\"", "must not import os"},

		{"the clock", "bayeux/a.go", "import \"time\"\nvar x = time.Now()", "bayeux/a.go:3: bayeux takes the time as an argument and must not use time.Now"},
		{"the clock as a value", "bayeux/wheel/a.go", "import \"time\"\nvar x = time.Now", "time.Now"},
		{"sleep", "bayeux/connectiontype/a.go", "import \"time\"\nfunc f() { time.Sleep(1) }", "time.Sleep"},
		{"after", "bayeux/history/a.go", "import \"time\"\nvar x = time.After(1)", "time.After"},
		{"a renamed clock", "bayeux/a.go", "import clock \"time\"\nvar x = clock.Since", "time.Since"},
		{"a hidden clock", "bayeux/a.go", "import . \"time\"\nvar x = Now()", "with a dot"},
		{"any time in the parser", "httpparse/a.go", "import \"time\"", "knows no time"},
		{"any time in the table", "bayeux/channel/a.go", "import \"time\"", "knows no time"},
		{"any time in the scanner", "bayeux/message/a.go", "import \"time\"", "knows no time"},

		{"upwards", "bayeux/a.go", "import \"halley/loop\"", "bayeux must not import loop"},
		{"upwards, inside", "bayeux/message/a.go", "import \"halley/bayeux\"", "bayeux/message must not import bayeux"},
		{"sideways", "bayeux/channel/a.go", "import \"halley/bayeux/message\"", "bayeux/channel must not import bayeux/message"},
		{"bytes to protocol", "httpparse/a.go", "import \"halley/bayeux/message\"", "httpparse must not import bayeux/message"},
		{"protocol to bytes", "bayeux/a.go", "import \"halley/httpparse\"", "bayeux must not import httpparse"},
		{"envelopes to sessions", "bayeux/connectiontype/a.go", "import \"halley/bayeux\"", "must not import bayeux"},
		{"client to server", "bayeux/client/a.go", "import \"halley/loop\"", "bayeux/client must not import loop"},
		{"events to sessions", "bayeux/event/a.go", "import \"halley/bayeux\"", "bayeux/event must not import bayeux"},
		{"events to channels", "bayeux/event/a.go", "import \"halley/bayeux/channel\"", "bayeux/event must not import bayeux/channel"},
		{"rules to sessions", "bayeux/rules/a.go", "import \"halley/bayeux\"", "bayeux/rules must not import bayeux"},
		{"history to rules", "bayeux/history/a.go", "import \"halley/bayeux/rules\"", "bayeux/history must not import bayeux/rules"},
		{"replies to sessions", "bayeux/reply/a.go", "import \"halley/bayeux\"", "bayeux/reply must not import bayeux"},
		{"replies to rules", "bayeux/reply/a.go", "import \"halley/bayeux/rules\"", "bayeux/reply must not import bayeux/rules"},
		{"front to loop", "loop/front/a.go", "import \"halley/loop\"", "loop/front must not import loop"},
		{"front to sessions", "loop/front/a.go", "import \"halley/bayeux\"", "loop/front must not import bayeux"},
		{"sockets in front", "loop/front/a.go", "import \"net/netip\"", "loop/front is pure and must not import net/netip"},
		{"interest to loop", "loop/interest/a.go", "import \"halley/loop\"", "loop/interest must not import loop"},
		{"journal to sessions", "loop/journal/a.go", "import \"halley/bayeux\"", "loop/journal must not import bayeux"},
		{"sequence to loop", "loop/sequence/a.go", "import \"halley/loop\"", "loop/sequence must not import loop"},
		{"sequence to interest", "loop/sequence/a.go", "import \"halley/loop/interest\"", "must not import loop/interest"},
		{"sockets in the order", "loop/sequence/a.go", "import \"net\"", "loop/sequence is without sockets and must not import net"},
		{"gnet in the journal", "loop/journal/a.go", "import \"github.com/panjf2000/gnet/v2\"", "must not import gnet"},
		{"reactor to cluster", "loop/a.go", "import \"halley/loop/cluster\"", "loop must not import loop/cluster"},
		{"reactor to command", "loop/a.go", "import \"halley/cmd/halley\"", "loop must not import cmd/halley"},
		{"server to bench", "cmd/halley/a.go", "import \"halley/bench/hist\"", "cmd/halley must not import bench/hist"},
		{"bench to server", "bench/client/a.go", "import \"halley/bayeux/message\"", "bench/client must not import bayeux/message"},
		{"bench to the client", "cmd/halley-bench/a.go", "import \"halley/bayeux/client\"", "must not import bayeux/client"},
		{"anything to scripts", "loop/a.go", "import \"halley/scripts/arch\"", "must not import scripts/arch"},

		{"gnet in the core", "bayeux/a.go", "import \"github.com/panjf2000/gnet/v2\"", "must not import gnet"},
		{"gnet in the command", "cmd/halley/a.go", "import \"github.com/panjf2000/gnet/v2\"", "must not import gnet"},
		{"other people's code in the parser", "httpparse/a.go", "import \"github.com/valyala/fasthttp\"", "must not import github.com/valyala/fasthttp"},
		{"a module of a similar name", "bayeux/a.go", "import \"github.com/goccy/go-jsonish\"", "must not import github.com/goccy/go-jsonish"},
		{"a package without a row", "bayeux/extra/a.go", "import \"fmt\"", "bayeux/extra/a.go:1: package bayeux/extra has no row"},
	} {
		t.Run(c.name, func(t *testing.T) {
			violations, err := Check(planted.Tree(t, map[string]string{c.file: "package p\n" + c.source}), "halley")
			if err != nil || len(violations) != 1 || !strings.Contains(violations[0], c.want) {
				t.Errorf("%q, %v; want one with %q", violations, err, c.want)
			}
		})
	}
}

func TestWhatIsAllowedPasses(t *testing.T) {
	root := planted.Tree(t, map[string]string{
		"bayeux/a.go":              "package p\nimport (\n\"time\"\n\"halley/bayeux/channel\"\n\"github.com/goccy/go-json\"\n)\nvar d time.Duration = 2 * time.Second",
		"bayeux/local.go":          "package p\nimport \"time\"\ntype t struct{ Now time.Duration }\nfunc f(x t) time.Duration { return x.Now }",
		"bayeux/a_test.go":         "package p\nimport (\n\"os\"\n\"time\"\n)\nvar x = time.Now",
		"bayeux/testdata/a.go":     "package p\nimport \"os\"",
		"bayeux/node_modules/a.go": "package p\nimport \"os\"",
		".cache/a.go":              "package p\nimport \"halley/loop\"",
		"httpparse/a.go":           "package p\nimport \"bytes\"",
		"httpparse/websocket/a.go": "package p\nimport \"github.com/gobwas/ws\"",
		"loop/a.go":                "package p\nimport (\n\"net\"\n\"sync\"\n\"github.com/panjf2000/gnet/v2\"\n\"halley/httpparse/websocket\"\n)",
		"cmd/halley/a.go":          "package p\nimport (\n\"halley/bench/preflight\"\n\"halley/bayeux/client\"\n\"halley/cmd/halley/web\"\n)",
		"cmd/halley-bench/a.go":    "package p\nimport \"halley/bench\"",
		"bench/a.go":               "package p\nimport (\n\"halley/bench/plan\"\n\"github.com/panjf2000/gnet/v2\"\n)",
	})
	if violations, err := Check(root, "halley"); err != nil || len(violations) != 0 {
		t.Errorf("%q, %v", violations, err)
	}
}

func TestEveryViolationOfAFileIsReported(t *testing.T) {
	root := planted.Tree(t, map[string]string{"bayeux/a.go": "package p\nimport (\n\"os\"\n\"sync\"\n\"time\"\n)\nvar x, y = time.Now, time.After"})
	violations, err := Check(root, "halley")
	lines := make([]string, 0, len(violations))
	for _, v := range violations {
		lines = append(lines, strings.Split(v, ":")[1])
	}
	if want := []string{"3", "4", "7", "7"}; err != nil || !slices.Equal(lines, want) {
		t.Errorf("lines %v (%q), %v; want %v", lines, violations, err, want)
	}
}

func TestUnreadableSourceIsAnError(t *testing.T) {
	if _, err := Check(planted.Tree(t, map[string]string{"bayeux/a.go": "packag p"}), "halley"); err == nil {
		t.Error("no error for a file that does not parse")
	}
	if _, err := Check(filepath.Join(t.TempDir(), "none"), "halley"); err == nil {
		t.Error("no error for a tree that is not there")
	}
}

func TestTableNamesEachPackageOnce(t *testing.T) {
	for i, r := range table() {
		for _, other := range table()[:i] {
			if covers(other.dir, strings.TrimSuffix(r.dir, "/...")) {
				t.Errorf("%s is already covered by %s", r.dir, other.dir)
			}
		}
	}
}
