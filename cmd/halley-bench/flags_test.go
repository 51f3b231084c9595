package main

import (
	"slices"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"halley/bench/run"
)

// parse reads a command line into the commands without running it.
func parse(t *testing.T, args ...string) *commands {
	t.Helper()
	var c commands
	parser, err := kong.New(&c, kong.Exit(func(int) { t.Fatalf("%q made the parser leave", args) }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return &c
}

func TestDefaultsAreThoseOfTheHelp(t *testing.T) {
	o := parse(t, "fanout").Fanout.options("fanout")
	if !slices.Equal(o.URLs, []string{"http://127.0.0.1:8080/bayeux"}) || o.Channel != "/bench" || o.Subscribers != 1000 || o.Connections != 1 ||
		o.ConnectionType != "long-polling" || o.Size != 128 || o.Processes != 1 || o.Label != o.URLs[0] {
		t.Errorf("%+v", o)
	}
	for _, scenario := range []string{"ticker", "soak"} {
		if o := parse(t, scenario).Ticker.options(scenario); o.Channel != "/bench/{symbol}" {
			t.Errorf("%s goes to %s", scenario, o.Channel)
		}
	}
}

func TestCommonFlagsReachTheOptions(t *testing.T) {
	c := parse(t, "idle", "--url", "http://h:1/b", "--url", "http://i:1/b", "--publish-url", "http://h:2/p", "--pid", "7", "--pid", "8", "--subscribers", "9",
		"--connection-type", "callback-polling", "--connections-per-subscriber", "2", "--channel", "/c", "--size", "64",
		"--publishers", "3", "--connect-rate", "5", "--connecting", "6", "--sources", "8", "--procs", "4", "--settle", "2s",
		"--drain", "3s", "--label", "l", "--commit", "abc", "--suffixes", "--path", "/s?id=1", "--hello", "{}")
	got := c.Idle.options("idle")
	got.Flags = nil
	want := run.Options{Scenario: "idle", Label: "l", URLs: []string{"http://h:1/b", "http://i:1/b"}, PublishURLs: []string{"http://h:2/p"}, PIDs: []int{7, 8}, Subscribers: 9,
		ConnectionType: "callback-polling", Connections: 2, Channel: "/c", Size: 64, Publishers: 3, ConnectRate: 5, Connecting: 6,
		Sources: 8, Processes: 4, Settle: 2 * time.Second, Drain: 3 * time.Second, Commit: "abc", Suffixes: true, Path: "/s?id=1", Hello: "{}"}
	if !equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

// equal compares the fields that the common flags set.
func equal(a, b run.Options) bool {
	return a.Scenario == b.Scenario && a.Label == b.Label && slices.Equal(a.URLs, b.URLs) && slices.Equal(a.PublishURLs, b.PublishURLs) && slices.Equal(a.PIDs, b.PIDs) &&
		a.Subscribers == b.Subscribers && a.ConnectionType == b.ConnectionType && a.Connections == b.Connections && a.Path == b.Path && a.Hello == b.Hello &&
		a.Channel == b.Channel && a.Size == b.Size && a.Publishers == b.Publishers && a.ConnectRate == b.ConnectRate &&
		a.Connecting == b.Connecting && a.Sources == b.Sources && a.Processes == b.Processes && a.Settle == b.Settle &&
		a.Drain == b.Drain && a.Commit == b.Commit && a.Suffixes == b.Suffixes
}

func TestEveryScenarioHasItsFlags(t *testing.T) {
	c := parse(t, "ticker", "--symbols", "7", "--follow", "2", "--zipf", "1.1", "--seed", "9", "--messages", "5", "--rate", "3",
		"--csv", "f.gz", "--time", "ms", "--column", "sym", "--speed", "60", "--from", "1h", "--to", "2h")
	if c.Ticker.Symbols != 7 || c.Ticker.Follow != 2 || c.Ticker.Zipf != 1.1 || c.Ticker.CSV != "f.gz" || c.Ticker.Speed != 60 ||
		c.Ticker.From != time.Hour || c.Ticker.To != 2*time.Hour || c.Ticker.Column != "sym" {
		t.Errorf("%+v", c.Ticker)
	}
	c = parse(t, "idle", "--steps", "10,20", "--hold-for", "5s", "--after", "6s")
	if len(c.Idle.Steps) != 2 || c.Idle.HoldFor != 5*time.Second || c.Idle.After != 6*time.Second {
		t.Errorf("%+v", c.Idle)
	}
	c = parse(t, "soak", "--duration", "3h", "--churn-rate", "4", "--kill-rate", "5", "--churners", "6", "--max-growth", "0.5")
	if c.Soak.Duration != 3*time.Hour || c.Soak.ChurnRate != 4 || c.Soak.KillRate != 5 || c.Soak.Churners != 6 {
		t.Errorf("%+v", c.Soak)
	}
	c = parse(t, "churn", "--cycles", "3", "--churners", "2")
	if c.Churn.Cycles != 3 || c.Churn.Churners != 2 {
		t.Errorf("%+v", c.Churn)
	}
	c = parse(t, "baseline", "--versus", "--listen", "127.0.0.1:9", "--hold", "5s")
	if !c.Baseline.Versus || c.Baseline.Listen != "127.0.0.1:9" || c.Baseline.Hold != 5*time.Second {
		t.Errorf("%+v", c.Baseline)
	}
}
