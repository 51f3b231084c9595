package metrics

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"halley/cmd/halley/internalhttp"
	"halley/httpparse"
	"halley/loop"
	"halley/loop/access/hook"
	"halley/loop/access/key"
	"halley/loop/access/token"
	"halley/loop/cluster"
	"halley/loop/cluster/feeds"
	"halley/loop/metric"
	"halley/loop/secure"
	"halley/loop/upstream"
)

// page is what Prometheus reads.
func page(t *testing.T, s loop.Stats) string { return pageOf(t, figures{Stats: s}) }

// figures are all that there are.
type figures struct {
	loop.Stats
	internal internalhttp.Figures
	tls      secure.Figures
	tokens   token.Figures
	hook     hook.Figures
	events   hook.EventFigures
	routers  upstream.Figures
	cluster  cluster.Figures
	feeds    feeds.Figures
}

func pageOf(t *testing.T, f figures) string {
	t.Helper()
	w := httptest.NewRecorder()
	internal := Source{&f.internal, func() any { return &f.internal }}
	certificates := Source{&f.tls, func() any { return &f.tls }}
	tokens := Source{&f.tokens, func() any { return &f.tokens }}
	asked := Source{&f.hook, func() any { return &f.hook }}
	told := Source{&f.events, func() any { return &f.events }}
	routers := Source{&f.routers, func() any { return &f.routers }}
	nodes := Source{&f.cluster, func() any { return &f.cluster }}
	fed := Source{&f.feeds, func() any { return &f.feeds }}
	Handler(func() loop.Stats { return f.Stats }, internal, certificates, tokens, asked, told, routers, nodes, fed).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// full has a loop and a key, and in it every figure has a number of its own, from 1000 on.
func full() (f figures, n int) {
	f.Loops = make([]loop.LoopStats, 1)
	f.internal.Keys = make([]key.Figures, 1)
	f.tls.Certificates = make([]secure.Expiry, 1)
	f.routers.Upstreams = make([]upstream.Counts, 1)
	f.feeds.Imports, f.feeds.Exports = make([]feeds.Import, 1), make([]feeds.Export, 1)
	n = number(reflect.ValueOf(&f.Stats).Elem(), n)
	n = number(reflect.ValueOf(&f.internal).Elem(), n)
	n = number(reflect.ValueOf(&f.tls).Elem(), n)
	n = number(reflect.ValueOf(&f.tokens).Elem(), n)
	n = number(reflect.ValueOf(&f.hook).Elem(), n)
	n = number(reflect.ValueOf(&f.events).Elem(), n)
	n = number(reflect.ValueOf(&f.routers).Elem(), n)
	n = number(reflect.ValueOf(&f.cluster).Elem(), n)
	n = number(reflect.ValueOf(&f.feeds).Elem(), n)
	return f, n
}

// number gives the figures of v their numbers and returns how many have one. What a histogram shows has a test of its own.
func number(v reflect.Value, n int) int {
	switch {
	case v.Type() == reflect.TypeFor[metric.Histogram](), !v.CanSet(), v.Kind() == reflect.String: // those without the tag are names
		return n
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			n = number(v.Field(i), n)
		}
		return n
	case v.Kind() == reflect.Array || v.Kind() == reflect.Slice:
		for i := range v.Len() {
			n = number(v.Index(i), n)
		}
		return n
	case v.Type() == reflect.TypeFor[time.Duration]():
		v.SetInt(int64(1000+n) * int64(time.Second))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
		return n
	case v.CanInt():
		v.SetInt(int64(1000 + n))
	default:
		v.SetUint(uint64(1000 + n))
	}
	return n + 1
}

// Each figure is shown once: its number turns up. The events in the history file are no figure, but how the
// file decides to be written anew.
func TestEveryStatIsShown(t *testing.T) {
	f, figures := full()
	hidden := f.History.File.Events
	text := pageOf(t, f)
	for n := range figures {
		// Only our own: a figure of the process may be any number by chance.
		shown := regexp.MustCompile(`(?m)^halley_\S+(\{.*\})? ` + strconv.Itoa(1000+n) + `$`)
		if found := len(shown.FindAllString(text, -1)); found != 1 && 1000+n != hidden {
			t.Errorf("figure %d of %d is shown %d times", n, figures, found)
		}
	}
	if !strings.Contains(text, "halley_history_file_failing 1\n") {
		t.Error("nothing says that the file fails")
	}
}

var rewrite = flag.Bool("rewrite", false, "write testdata/page.txt and README.md anew")

// The names, kinds and help of the figures are what dashboards and alarms go by: a change is a change for
// those who run the server.
func TestPage(t *testing.T) {
	f, _ := full()
	var got strings.Builder
	for line := range strings.Lines(pageOf(t, f)) {
		if strings.HasPrefix(line, "# ") && strings.Contains(line, " halley_") {
			got.WriteString(line)
		}
	}
	if *rewrite {
		if err := os.WriteFile("testdata/page.txt", []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/page.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the page is\n%s\nwant\n%s", got.String(), want)
	}
}

// README.md lists the figures for those who run the server, as testdata/page.txt has them.
func TestList(t *testing.T) {
	page, err := os.ReadFile("testdata/page.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	list.WriteString("# Metrics\n\nWhat `GET /metrics` of the internal listener has, beside Go's own `go_*` and `process_*`. Made by\n" +
		"`go test ./cmd/halley/metrics -rewrite` from the tags of the figures.\n\n| name | kind | is |\n|---|---|---|\n")
	help := ""
	for line := range strings.Lines(string(page)) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if words[1] == "HELP" {
			help = strings.ReplaceAll(words[3], "|", "\\|")
			continue
		}
		list.WriteString("| `" + words[2] + "` | " + words[3] + " | " + help + " |\n")
	}
	if *rewrite {
		if err := os.WriteFile("README.md", []byte(list.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile("README.md"); err != nil || string(have) != list.String() {
		t.Errorf("README.md is not of testdata/page.txt: go test ./cmd/halley/metrics -rewrite (%v)", err)
	}
}

func TestValues(t *testing.T) {
	var s loop.Stats
	s.Uptime, s.History.LongestHold = 4*time.Second, 250*time.Millisecond
	s.ParseErrors[httpparse.KindTargetTooLong], s.ParseErrors[httpparse.KindTooManyFields] = 51, 52
	s.Loops = []loop.LoopStats{{}, {Lag: 1500 * time.Millisecond, Turns: loop.Turns{Busy: 3 * time.Second, Longest: 500 * time.Millisecond, MostMessages: 7, MostWork: 8}}}
	s.Kept = loop.Kept{Output: 61, Input: 62, Queues: 63, Nodes: 64, Mailboxes: 65, History: 66, Subscriptions: 67, Claims: 68, Repeats: 69, Presence: 70}
	text := page(t, s)
	for _, want := range []string{
		"halley_uptime_seconds 4\n",
		"halley_history_lock_longest_seconds 0.25\n",
		`halley_parse_errors_total{kind="` + httpparse.Kind(httpparse.KindTargetTooLong).String() + `"} 51`,
		`halley_parse_errors_total{kind="` + httpparse.Kind(httpparse.KindTooManyFields).String() + `"} 52`,
		`halley_loop_lag_seconds{loop="0"} 0`,
		`halley_loop_lag_seconds{loop="1"} 1.5`,
		`halley_loop_busy_seconds_total{loop="1"} 3`,
		`halley_loop_longest_turn_seconds{loop="1"} 0.5`,
		`halley_loop_longest_turn_messages{loop="1"} 7`,
		`halley_loop_longest_turn_work{loop="1"} 8`,
		`halley_kept_bytes{owner="output"} 61`,
		`halley_kept_bytes{owner="input"} 62`,
		`halley_kept_bytes{owner="queues"} 63`,
		`halley_kept_bytes{owner="nodes"} 64`,
		`halley_kept_bytes{owner="mailboxes"} 65`,
		`halley_kept_bytes{owner="history"} 66`,
		`halley_kept_bytes{owner="subscriptions"} 67`,
		`halley_kept_bytes{owner="claims"} 68`,
		`halley_kept_bytes{owner="repeats"} 69`,
		`halley_kept_bytes{owner="presence"} 70`,
		"go_goroutines ",
		"process_open_fds ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
}

// Prometheus wants of each bucket how many durations are in it and in those below.
func TestHistograms(t *testing.T) {
	var turns loop.Turns
	for _, length := range []time.Duration{time.Microsecond, 50 * time.Microsecond, 3 * time.Millisecond, time.Second, 8 * time.Second} {
		turns.Lengths.Observe(length)
	}
	text := page(t, loop.Stats{Loops: []loop.LoopStats{{}, {Turns: turns}}})
	for _, want := range []string{
		`halley_loop_turn_seconds_bucket{loop="1",le="5e-05"} 2`, `halley_loop_turn_seconds_bucket{loop="1",le="0.0025"} 2`,
		`halley_loop_turn_seconds_bucket{loop="1",le="0.005"} 3`, `halley_loop_turn_seconds_bucket{loop="1",le="1"} 4`,
		`halley_loop_turn_seconds_bucket{loop="1",le="+Inf"} 5`, `halley_loop_turn_seconds_count{loop="1"} 5`,
		`halley_loop_turn_seconds_sum{loop="1"} 9.003051`, `halley_loop_turn_seconds_count{loop="0"} 0`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %q", want)
		}
	}
}

func TestEmptyStats(t *testing.T) {
	if text := page(t, loop.Stats{}); !strings.Contains(text, "halley_held_polls 0\n") || strings.Contains(text, "kind=") {
		t.Error(text)
	}
}

func TestNamesAreOurs(t *testing.T) {
	f, _ := full()
	for line := range strings.Lines(pageOf(t, f)) {
		known := false
		for _, prefix := range []string{"# HELP ", "# TYPE ", "halley_", "go_", "process_"} {
			known = known || strings.HasPrefix(line, prefix)
		}
		if strings.Contains(line, "process_network_") {
			t.Errorf("not the process's: %s", line)
		}
		if !known {
			t.Errorf("odd line %s", line)
		}
	}
}
