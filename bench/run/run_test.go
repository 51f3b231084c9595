package run

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"halley/bench/client"
	"halley/bench/faulty"
	"halley/bench/plan"
	"halley/bench/report"
	"halley/bench/wire"
)

// watcher is a View that remembers what it was shown.
type watcher struct {
	phases []string
	last   client.Progress
	onSeen func(client.Progress)
}

func (w *watcher) Phase(name string, _ int64) { w.phases = append(w.phases, name) }
func (w *watcher) Progress(_ int64, p client.Progress) {
	w.last = p
	if w.onSeen != nil {
		w.onSeen(p)
	}
}

func sampleOptions(scenario string) Options {
	return Options{Scenario: scenario, URLs: []string{"http://127.0.0.1:1/"}, ConnectionType: "long-polling", Connections: 1,
		Channel: "/bench", Subscribers: 20, Messages: 5, Rate: 100, Drain: time.Minute}
}

func runAgainst(t *testing.T, o Options, faults faulty.Faults) (*report.Run, *watcher) {
	t.Helper()
	server := faulty.Start(200*time.Millisecond, faults)
	defer server.Close()
	o.URLs = []string{server.URL()}
	w := &watcher{}
	r, err := Run(t.Context(), o, w)
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

func TestScenarios(t *testing.T) {
	for _, c := range []struct {
		scenario string
		change   func(*Options)
		expected int64
		phases   []string
	}{
		{"fanout", func(*Options) {}, 100, []string{"ramp", "publish"}},
		{"fanout", func(o *Options) { o.Connections, o.Rate = 2, 0 }, 100, []string{"ramp", "publish"}},
		{"idle", func(o *Options) { o.HoldFor, o.After = 20*time.Millisecond, 20*time.Millisecond }, 20, []string{"ramp", "hold", "ramp", "hold", "publish", "leave"}},
		{"saturate", func(o *Options) { o.Messages = 7 }, 140, []string{"ramp", "publish"}},
		{"ticker", func(o *Options) { o.Channel, o.Symbols, o.Follow, o.Messages = "/s/{symbol}", 5, 2, 40 }, 320, []string{"ramp", "publish"}},
		{"churn", func(o *Options) { o.Churners = 3 }, 0, []string{"ramp", "churn"}},
	} {
		o := sampleOptions(c.scenario)
		c.change(&o)
		r, w := runAgainst(t, o, faulty.Faults{})
		if r.Fault != "" || r.Expected != c.expected || r.Result.Counts.Delivered != c.expected {
			t.Errorf("%s: fault %q, %d expected, %+v, want %d", c.scenario, r.Fault, r.Expected, r.Result.Counts, c.expected)
		}
		var phases []string
		for _, p := range r.Phases {
			phases = append(phases, p.Name)
			if p.To <= p.From {
				t.Errorf("%s: phase %s ends before it begins", c.scenario, p.Name)
			}
		}
		if !slices.Equal(phases, c.phases) || len(w.phases) == 0 {
			t.Errorf("%s: phases %q, want %q; shown %q", c.scenario, phases, c.phases, w.phases)
		}
	}
}

func TestSaturateGoesByTime(t *testing.T) {
	o := sampleOptions("saturate")
	o.Messages, o.Duration = 0, 100*time.Millisecond
	r, _ := runAgainst(t, o, faulty.Faults{})
	if n := r.Result.Progress.Published; n == 0 || r.Fault != "" || r.Expected != n*20 {
		t.Errorf("%d published, %d expected, %q", n, r.Expected, r.Fault)
	}
}

func TestChurnGoesByTime(t *testing.T) {
	o := sampleOptions("churn")
	o.Messages, o.Duration, o.Churners = 0, 200*time.Millisecond, 4
	r, _ := runAgainst(t, o, faulty.Faults{})
	if r.Result.Progress.Churned == 0 {
		t.Errorf("%+v", r.Result.Progress)
	}
}

func TestSoakExcusesOnlyTheKilled(t *testing.T) {
	o := sampleOptions("soak")
	o.Duration, o.KillRate, o.ChurnRate, o.Messages = 2*time.Second, 20, 20, 0
	o.Drain, o.Rate = 5*time.Second, 20
	r, _ := runAgainst(t, o, faulty.Faults{})
	p := r.Result.Progress
	if r.Fault != "" || p.Killed == 0 || p.Churned == 0 || r.Expected != 40*20 {
		t.Errorf("%q, %d killed, %d churned, %d expected", r.Fault, p.Killed, p.Churned, r.Expected)
	}
}

func TestFaultsEndUpInTheRecord(t *testing.T) {
	for _, c := range []struct {
		faults faulty.Faults
		want   string
	}{
		{faulty.Faults{DropEvery: 50}, "2 lost"},
		{faulty.Faults{DuplicateEvery: 25}, "4 duplicates"},
		{faulty.Faults{StrayEvery: 100}, "1 strays"},
		{faulty.Faults{RefusePublish: true}, "5 publishes were refused"},
	} {
		o := sampleOptions("fanout")
		if c.faults.DropEvery > 0 {
			o.Drain = 3 * time.Second // for which it waits
		}
		if r, _ := runAgainst(t, o, c.faults); !strings.Contains(r.Fault, c.want) {
			t.Errorf("%+v: %q, want %q", c.faults, r.Fault, c.want)
		}
	}
}

func TestARecordedFeed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "feed.csv")
	feed := "ms,symbol,price\n1000,A,1.10\n1010,B,2\n1020,A,3\n"
	if err := os.WriteFile(path, []byte(feed), 0o600); err != nil {
		t.Fatal(err)
	}
	o := sampleOptions("ticker")
	o.Feed = &FeedFile{Path: path, Options: plan.FeedOptions{Time: "ms", Symbol: "symbol", From: time.Second}}
	o.Channel, o.Follow, o.Rate = "/s/{symbol}", 2, 0
	r, _ := runAgainst(t, o, faulty.Faults{})
	if r.Fault != "" || r.Expected != 60 || r.Plan.Messages != 3 || r.Plan.Symbols != 2 {
		t.Errorf("%q, %d expected, %+v", r.Fault, r.Expected, r.Plan)
	}
	o.Channel = "/no-mark"
	if _, err := Run(t.Context(), o, &watcher{}); !errors.Is(err, ErrOptions) {
		t.Errorf("a feed without {symbol}: %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"connection type": func(o *Options) { o.ConnectionType = "pigeon" },
		"scenario":        func(o *Options) { o.Scenario = "dance" },
		"negative":        func(o *Options) { o.Subscribers = -1 },
		"connections":     func(o *Options) { o.Connections = 3 },
		"channel":         func(o *Options) { o.Channel = "bench" },
		"pid and command": func(o *Options) { o.PIDs, o.ServerCommand = []int{1}, "x" },
		"no URL":          func(o *Options) { o.URLs = nil },
		"nodes, command":  func(o *Options) { o.URLs, o.ServerCommand = append(o.URLs, "http://127.0.0.2:1/"), "x" },
	} {
		o := sampleOptions("fanout")
		change(&o)
		if _, err := Run(t.Context(), o, &watcher{}); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlateaus(t *testing.T) {
	for _, c := range []struct {
		steps []int
		all   int
		want  []int
	}{
		{nil, 18_000, []int{2000, 18_000}},
		{nil, 1, []int{1}},
		{[]int{500, 100, 5000}, 1000, []int{100, 500, 1000}},
		{[]int{1000}, 1000, []int{1000}},
	} {
		if got := plateaus(c.steps, c.all); !slices.Equal(got, c.want) {
			t.Errorf("plateaus(%v, %d) = %v, want %v", c.steps, c.all, got, c.want)
		}
	}
}

func TestNobodyListensEndsTheRun(t *testing.T) {
	o := sampleOptions("fanout")
	o.Drain = 200 * time.Millisecond
	if _, err := Run(t.Context(), o, &watcher{}); err == nil || !strings.Contains(err.Error(), "only 0 of 20") {
		t.Errorf("error %v", err)
	}
}

func TestCancel(t *testing.T) {
	server := faulty.Start(time.Second, faulty.Faults{})
	defer server.Close()
	o := sampleOptions("idle")
	o.URLs, o.HoldFor = []string{server.URL()}, time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	w := &watcher{onSeen: func(p client.Progress) {
		if p.Held > 0 {
			cancel()
		}
	}}
	if _, err := Run(ctx, o, w); err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("error %v", err)
	}
}

func TestServerCommand(t *testing.T) {
	o := sampleOptions("fanout")
	for _, c := range []struct{ command, want string }{
		{"false", "before it listened"},
		{"/no/such/program", "before it listened"},
	} {
		o.ServerCommand = c.command
		if _, err := Run(t.Context(), o, &watcher{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.command, err, c.want)
		}
	}
	if _, err := startServer("sleep 60", "127.0.0.1:1", 50*time.Millisecond); err == nil || !strings.Contains(err.Error(), "did not listen") {
		t.Errorf("a server that never listens: %v", err)
	}
	server := faulty.Start(time.Second, faulty.Faults{})
	defer server.Close()
	endpoint, err := wire.ParseEndpoint(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := startServer("sleep 60", endpoint.Host, time.Second); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("an address in use: %v", err)
	}
}

func TestAServerThatIsWatched(t *testing.T) {
	o := sampleOptions("idle")
	o.PIDs, o.HoldFor = []int{os.Getpid()}, 300*time.Millisecond
	r, _ := runAgainst(t, o, faulty.Faults{})
	if len(r.Samples) < 4 || len(r.Steps) != 2 || r.Steps[1].Held != 20 || r.Phases[0].ServerBefore == nil {
		t.Errorf("%d samples, steps %+v", len(r.Samples), r.Steps)
	}
}

// A forked generator is Work at the ends of two pipes.
func TestWork(t *testing.T) {
	server := faulty.Start(time.Second, faulty.Faults{})
	defer server.Close()
	o := sampleOptions("fanout")
	o.URLs = []string{server.URL()}
	o.setDefaults()
	l, err := o.layout()
	if err != nil {
		t.Fatal(err)
	}
	in, orders := io.Pipe()
	news, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- Work(in, out)
		out.Close()
	}()
	send, receive := json.NewEncoder(orders), json.NewDecoder(news)
	if err := send.Encode(o.tasks(l, client.Monotonic(), 9)[0]); err != nil {
		t.Fatal(err)
	}
	if err := send.Encode(Command{Do: doRamp, To: 20}); err != nil {
		t.Fatal(err)
	}
	asked := false
	for result := false; !result; {
		var n News
		if err := receive.Decode(&n); err != nil {
			t.Fatal(err)
		}
		if n.Progress != nil && n.Progress.Held == 20 && !asked {
			asked = true
			if err := send.Encode(Command{Do: doResult}); err != nil {
				t.Fatal(err)
			}
		}
		if result = n.Result != nil; result && n.Result.Ramp.Count() != 20 {
			t.Errorf("%d ramped", n.Result.Ramp.Count())
		}
	}
	go func() { _, _ = io.Copy(io.Discard, news) }()
	orders.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWorkRefuses(t *testing.T) {
	for name, task := range map[string]string{
		"junk":    `x`,
		"bad URL": `{"client":{"URL":"nowhere"}}`,
		"no feed": `{"client":{"URL":"http://127.0.0.1:1/"},"feed":{"path":"/no/such/feed"}}`,
	} {
		if err := Work(strings.NewReader(task), io.Discard); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
