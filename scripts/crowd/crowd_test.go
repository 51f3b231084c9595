package main

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"halley/scripts/nodes"
)

// TestMain is a server or a generator where the test's program is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "serve":
			os.Exit(serve(os.Args[2:]))
		case "idle", "ticker":
			fmt.Println(strings.Join(os.Args[1:], " "))
			if slices.Contains(os.Args, "13") {
				os.Exit(3)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// serve is ready, as far as its internal listener says.
func serve(args []string) int {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	internal := flags.String("internal", "", "")
	for _, name := range []string{"listen", "log-format", "log-level", "cluster-listen", "cluster-name", "cluster-store", "cluster-replicas", "cluster-peer",
		"rule", "queue-messages", "queue-bytes", "cluster-outbox", "max-mailbox"} {
		_ = flags.String(name, "", "")
	}
	if flags.Parse(args) != nil {
		return 2
	}
	http.HandleFunc("/health/ready", func(http.ResponseWriter, *http.Request) {})
	fmt.Println(http.ListenAndServe(*internal, nil))
	return 1
}

func ourselves() programs {
	return programs{Halley: os.Args[0], Bench: os.Args[0], Start: 2 * time.Minute}
}

// The generator is told of every node, and its verdict is that of the run.
func TestPolls(t *testing.T) {
	p := ourselves()
	p.JSON, p.Keep = "/records", t.TempDir()
	var out bytes.Buffer
	c := pollsCommand{programs: p, Nodes: 2, Subscribers: 50, Procs: 3, Type: "websocket", HoldFor: "1s"}
	if err := c.Run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	network := nodes.NewNetwork(os.Getpid())
	for _, want := range []string{"--subscribers 50 ", "--procs 3", "--connection-type websocket", "--json /records/polls.json",
		"--url http://" + network.Host(1) + ":8080/bayeux", "--url http://" + network.Host(2) + ":8080/bayeux", "--publish-url http://" + network.Host(1) + ":8081/publish"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
	if strings.Count(out.String(), "--pid ") != 2 {
		t.Error("not every process is watched")
	}
	if logs, err := filepath.Glob(filepath.Join(p.Keep, "node-*.log")); err != nil || len(logs) != 2 {
		t.Errorf("%v %v", logs, err)
	}
	c.Subscribers = 13
	if err := c.Run(t.Context(), &out); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Error(err)
	}
}

// Both kinds of subscribers come through the proxies.
func TestTicker(t *testing.T) {
	var out bytes.Buffer
	c := tickerCommand{programs: ourselves(), Nodes: 2, Subscribers: 40, Quick: 4, CSV: "feed.csv", From: "9h30m", To: "9h31m", Speed: "60"}
	if err := c.Run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	quick, slow, _ := strings.Cut(out.String(), "prices now and then")
	for text, want := range map[string]string{quick: "--channel /raw/{symbol} --subscribers 4 ", slow: "--channel /stock/{symbol} --subscribers 40 "} {
		if !strings.Contains(text, want) || strings.Count(text, "--url http://127.0.0.1:") != 1 || !strings.Contains(text, "--csv feed.csv --from 9h30m --to 9h31m --speed 60") {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if !strings.Contains(slow, "--conflated all") || strings.Contains(quick, "--conflated") {
		t.Error("the wrong ones are conflated")
	}
	c.Quick = 13
	if err := c.Run(t.Context(), &out); err == nil {
		t.Error("a generator that fails is not told of")
	}
}

// Proxies may be processes, one for each node.
func TestProxyProcesses(t *testing.T) {
	script := filepath.Join(t.TempDir(), "roundrobin")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho \"$1/$2\"\nexec sleep 1000\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	network := nodes.NewNetwork(os.Getpid())
	all := network.Cluster("halley", t.TempDir(), 2, nil)
	for program, want := range map[string]string{script: network.Host(1) + ":8080/" + network.Host(2) + ":8080", "/nowhere": "", "/bin/true": ""} {
		c := tickerCommand{Roundrobin: program}
		addresses, end, err := c.fronts(t.Context(), all)
		end()
		if want == "" && err == nil || want != "" && (err != nil || !slices.Equal(addresses, []string{want, want})) {
			t.Errorf("%s: %v %v", program, addresses, err)
		}
	}
}

func TestNodesThatDoNotStart(t *testing.T) {
	p := ourselves()
	p.Halley = "/bin/false"
	if err := (&pollsCommand{programs: p, Nodes: 1}).Run(t.Context(), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Error(err)
	}
}
