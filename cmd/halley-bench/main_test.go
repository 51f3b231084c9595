package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"halley/bench/client"
	"halley/bench/faulty"
	"halley/bench/run"
)

// TestMain lets the test binary stand in for the program, so that exit statuses and
// forked generators are the real ones.
func TestMain(m *testing.M) {
	if os.Getenv("HALLEY_BENCH_AS_PROGRAM") != "" {
		main()
		return
	}
	_ = flag.Set("test.parallel", "4") // unless it is said: most tests wait most of the time, whatever CPUs there are
	os.Exit(m.Run())
}

// bench runs the program and returns its output and exit status.
func bench(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	command := exec.Command(os.Args[0], args...)
	command.Env = append(os.Environ(), "HALLEY_BENCH_AS_PROGRAM=1")
	var out, err bytes.Buffer
	command.Stdout, command.Stderr = &out, &err
	if e := command.Run(); e != nil && command.ProcessState == nil {
		t.Fatal(e)
	}
	return out.String(), err.String(), command.ProcessState.ExitCode()
}

func TestExitStatus(t *testing.T) {
	const url, publishURL = "{url}", "{publishURL}"
	few := []string{"--subscribers", "20", "--settle", "0s", "--drain", "1m", "-q"} // which it takes where something is lost alone
	for _, c := range []struct {
		name   string
		faults faulty.Faults // of the server at {url}
		args   []string
		status int
		says   string
	}{
		{"all well", faulty.Faults{}, []string{"fanout", "--rate", "50", "--url", url}, 0, "ok: 200 delivered + 0 lost = 200 expected"},
		{"two processes", faulty.Faults{}, []string{"fanout", "--rate", "50", "--procs", "2", "--url", url}, 0, "ok: 200 delivered"},
		{"publish URL", faulty.Faults{}, []string{"fanout", "--rate", "50", "--url", url, "--publish-url", publishURL}, 0, "ok: 200"},
		{"idle", faulty.Faults{}, []string{"idle", "--hold-for", "50ms", "--url", url}, 0, "ok: 20 delivered"},
		{"saturate", faulty.Faults{}, []string{"saturate", "--messages", "5", "--url", url}, 0, "ok: 100 delivered"},
		{"ticker", faulty.Faults{}, []string{"ticker", "--messages", "50", "--rate", "500", "--symbols", "4", "--follow", "2", "--url", url}, 0, "ok: 500 delivered"},
		{"churn", faulty.Faults{}, []string{"churn", "--cycles", "20", "--churners", "4", "--url", url}, 0, "churn cycles"},
		{"churn at nobody's", faulty.Faults{}, []string{"churn", "--subscribers", "0", "--duration", "200ms", "--url", "http://127.0.0.1:1/bayeux"}, 3, "churn cycles failed (first fault: connect: connection refused)"},
		{"dead publish URL", faulty.Faults{}, []string{"fanout", "--rate", "50", "--drain", "300ms", "--url", url, "--publish-url", "http://127.0.0.1:1/publish"}, 3, "FAILED: only 0 of 10 messages could be sent to http://127.0.0.1:1/publish (first fault: connect: connection refused)\n"},
		{"a stall shows, told by the process that publishes", faulty.Faults{EndAfter: 100}, []string{"fanout", "--rate", "50", "--procs", "2", "--drain", "300ms", "--url", url}, 3, "never came, in the latencies with the time waited"},
		{"soak", faulty.Faults{}, []string{"soak", "--duration", "2s", "--rate", "20", "--url", url}, 0, "killed on purpose"},
		{"drops", faulty.Faults{DropEvery: 50}, []string{"fanout", "--rate", "50", "--drain", "4s", "--url", url}, 3, "4 lost"},
		{"saturate stops at a loss", faulty.Faults{DropEvery: 50}, []string{"saturate", "--messages", "50", "--drain", "4s", "--url", url}, 3, "1 lost"},
		{"doubles", faulty.Faults{DuplicateEvery: 50}, []string{"fanout", "--rate", "50", "--url", url}, 3, "4 duplicates"},
		{"soak of a server that nobody watches", faulty.Faults{}, []string{"soak", "--duration", "1s", "--rate", "20", "--max-growth", "1", "--url", url}, exitUnequal, "nothing tells how the server's memory grows"},
		{"websocket", faulty.Faults{}, []string{"soak", "--connection-type", "websocket", "--duration", "1s", "--rate", "20", "--url", url}, 0, "bytes received per delivery"},
		{"eventsource", faulty.Faults{}, []string{"ticker", "--connection-type", "eventsource", "--messages", "50", "--rate", "500", "--symbols", "4", "--follow", "2", "--url", url}, 0, "ok: 500 delivered"},
		{"events", faulty.Faults{}, []string{"idle", "--connection-type", "events", "--hold-for", "50ms", "--url", url}, 0, "ok: 20 delivered"},
		{"xhr-streaming", faulty.Faults{}, []string{"fanout", "--connection-type", "xhr-streaming", "--rate", "50", "--procs", "2", "--url", url}, 0, "ok: 200 delivered"},
		{"iframe", faulty.Faults{}, []string{"churn", "--connection-type", "iframe", "--cycles", "20", "--churners", "4", "--url", url}, 0, "churn cycles"},
		{"mime-message-block", faulty.Faults{}, []string{"saturate", "--connection-type", "mime-message-block", "--messages", "5", "--url", url}, 0, "ok: 100 delivered"},
		{"drops over a websocket", faulty.Faults{DropEvery: 50}, []string{"fanout", "--connection-type", "websocket", "--rate", "50", "--drain", "4s", "--url", url}, 3, "4 lost"},
		{"doubles over eventsource", faulty.Faults{DuplicateEvery: 50}, []string{"fanout", "--connection-type", "eventsource", "--rate", "50", "--url", url}, 3, "4 duplicates"},
		{"refusals", faulty.Faults{RefusePublish: true}, []string{"fanout", "--rate", "50", "--url", url}, 3, "10 publishes were refused"},
		{"nobody there", faulty.Faults{}, []string{"fanout", "--drain", "300ms", "--url", "http://127.0.0.1:1/bayeux"}, 1, "only 0 of 20"},
		{"no scheme", faulty.Faults{}, []string{"fanout", "--url", "127.0.0.1"}, 1, "not an http:// or https:// URL"},
		{"odd connection type", faulty.Faults{}, []string{"fanout", "--connection-type", "pigeon"}, 2, "pigeon"},
		{"odd path", faulty.Faults{}, []string{"fanout", "--path", "sub"}, 2, "begin with /"},
		{"unknown flag", faulty.Faults{}, []string{"fanout", "--nonsense"}, 2, "nonsense"},
		{"no command", faulty.Faults{}, nil, 2, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := faulty.Start(time.Second, c.faults) // its own: it counts what it drops, and sessions of other runs would get their share
			defer server.Close()
			args := c.args
			if len(args) > 0 && c.status != 2 {
				args = append(append([]string{args[0]}, few...), args[1:]...)
			}
			for i := range args {
				args[i] = strings.NewReplacer(url, server.URL(), publishURL, server.PublishURL()).Replace(args[i])
			}
			stdout, stderr, status := bench(t, args...)
			if status != c.status || !strings.Contains(stdout+stderr, c.says) {
				t.Errorf("status %d, want %d and %q\n%s\n%s", status, c.status, c.says, stdout, stderr)
			}
		})
	}
}

func TestRecordsCanBeComparedAndShown(t *testing.T) {
	t.Parallel()
	server := faulty.Start(time.Second, faulty.Faults{})
	defer server.Close()
	dir := t.TempDir()
	a, b, page := filepath.Join(dir, "a.json"), filepath.Join(dir, "b.json"), filepath.Join(dir, "page.html")
	for _, path := range []string{a, b} {
		out, err, status := bench(t, "fanout", "-q", "--subscribers", "20", "--rate", "50", "--settle", "0s", "--url", server.URL(),
			"--pid", fmt.Sprint(os.Getpid()), "--json", path, "--html", page, "--label", "the test's server")
		if status != 0 {
			t.Fatalf("status %d\n%s\n%s", status, out, err)
		}
	}
	var record map[string]any
	text, err := os.ReadFile(a)
	if err != nil || json.Unmarshal(text, &record) != nil || record["scenario"] != "fanout" {
		t.Errorf("the record is %.100s, %v", text, err)
	}
	stdout, _, status := bench(t, "report", a, b, "--html", page)
	if status != 0 || !strings.Contains(stdout, "B/A") || !strings.Contains(stdout, "server CPU") {
		t.Errorf("status %d\n%s", status, stdout)
	}
	html, err := os.ReadFile(page)
	if err != nil || bytes.Count(html, []byte("<svg")) != 4 || bytes.Contains(html, []byte("http-equiv")) {
		t.Errorf("the page has %d plots, %v", bytes.Count(html, []byte("<svg")), err)
	}
	if stdout, _, status := bench(t, "report", a); status != 0 || !strings.Contains(stdout, "ok: 200 delivered") {
		t.Errorf("status %d\n%s", status, stdout)
	}
	if _, _, status := bench(t, "report", page); status != 1 {
		t.Errorf("a page passed as a record: status %d", status)
	}
}

func TestBaselineSideBySide(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.71:0") // where nobody connects from: the port stays free
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	server := faulty.Start(time.Second, faulty.Faults{})
	defer server.Close()
	dropping := faulty.Start(time.Second, faulty.Faults{DropEvery: 30})
	defer dropping.Close()
	for url, want := range map[string]int{server.URL(): 0, dropping.URL(): 3} {
		stdout, stderr, status := bench(t, "baseline", "--versus", "-q", "--listen", address, "--subscribers", "20", "--rate", "50",
			"--settle", "0s", "--drain", "2s", "--url", url)
		if status != want || !strings.Contains(stdout, "B/A") {
			t.Errorf("status %d, want %d\n%s\n%s", status, want, stdout, stderr)
		}
	}
}

func TestBudgetsOfAFolder(t *testing.T) {
	t.Parallel()
	if stdout, _, status := bench(t, "budgets", t.TempDir()); status != 0 || strings.Count(stdout, "not measured") != 15 {
		t.Errorf("status %d\n%s", status, stdout)
	}
}

func TestCheckHost(t *testing.T) {
	small := fstest.MapFS{"proc/self/limits": {Data: []byte("Max open files 100 100 files\n")}}
	o := run.Options{URLs: []string{"http://127.0.0.1:1/"}, Subscribers: 500, Connections: 2}
	var out bytes.Buffer
	if err := checkHost(&out, small, o, false); err != errHost || !strings.Contains(out.String(), "limits.conf") {
		t.Errorf("%v: %s", err, out.String())
	}
	if err := checkHost(&out, small, o, true); err != nil {
		t.Errorf("forced: %v", err)
	}
	o.Subscribers = 10
	if err := checkHost(&out, small, o, false); err != nil {
		t.Errorf("ten subscribers: %v", err)
	}
	o.Asks.Stalled = 50
	if err := checkHost(&out, small, o, false); err != errHost {
		t.Errorf("fifty stalled readers: %v", err)
	}
	o.Asks.Stalled = 0
	o.Subscribers, o.Connections, o.ConnectionType = 60, 1, "eventsource"
	if err := checkHost(&out, small, o, false); err != errHost {
		t.Errorf("sixty subscribers of two connections each: %v", err)
	}
}

func TestIsLoopback(t *testing.T) {
	for url, want := range map[string]bool{
		"http://127.0.0.1:8080/x": true, "http://127.9.9.9/": true, "http://localhost:1/": true, "http://[::1]:1/": true,
		"http://192.0.2.1/": false, "http://example.org/": false, "nonsense": false,
	} {
		if got := isLoopback(url); got != want {
			t.Errorf("%s: %v", url, got)
		}
	}
}

func TestPlainView(t *testing.T) {
	var out bytes.Buffer
	v := &view{out: &out}
	v.Phase("ramp to 5", 5)
	v.Progress(1, client.Progress{Held: 1}) // too soon for a line
	v.printed = time.Time{}
	v.Progress(2, client.Progress{Held: 2, Faults: client.Faults{Dial: 3}})
	want := "ramp to 5\nramp to 5: 40 %, held 2, delivered 0, faults 3\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestBarView(t *testing.T) {
	var out bytes.Buffer
	v := &view{out: &out, terminal: true}
	v.Phase("publish", 10)
	v.Progress(20, client.Progress{Held: 7}) // more than planned must not upset the bar
	v.Phase("settle", 0)
	v.Progress(0, client.Progress{Held: 7})
	v.close()
	if !strings.Contains(out.String(), "held 7") {
		t.Errorf("%q", out.String())
	}
}
