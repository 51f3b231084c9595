package client

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"halley/bench/faulty"
	"halley/bench/plan"
	"halley/bench/wire"
)

// rig is a fleet that runs against a server, with the news that it sends.
type rig struct {
	t     *testing.T
	fleet *Fleet
	news  chan Progress
	ended chan error
}

func sampleConfig(url string) Config {
	symbols := plan.NewSymbols("/bench", 1, 1, 0, 1)
	return Config{URLs: []string{url}, Style: wire.LongPolling, Connections: 1, Symbols: symbols, Names: []string{"/bench"},
		Subscribers: 20, Publishers: 1, Run: 7, Size: 100, ReplyTimeout: time.Minute}
}

func startRig(t *testing.T, config Config) *rig {
	t.Helper()
	r := &rig{t: t, news: make(chan Progress, 1024), ended: make(chan error, 1)}
	fleet, err := New(config, NewClock(Monotonic()), func(p Progress) {
		select {
		case r.news <- p:
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	r.fleet = fleet
	go func() {
		runtime.LockOSThread()
		r.ended <- fleet.Run()
	}()
	t.Cleanup(func() {
		fleet.Stop()
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
	})
	return r
}

// until waits for a report that satisfies ok. The limit only ends a hung test.
func (r *rig) until(what string, ok func(Progress) bool) Progress {
	r.t.Helper()
	limit := time.After(time.Minute)
	var last Progress
	for {
		select {
		case last = <-r.news:
			if ok(last) {
				return last
			}
		case <-limit:
			r.t.Fatalf("%s did not come about; the last report was %+v", what, last)
		}
	}
}

func (r *rig) ramp(n int) {
	r.t.Helper()
	r.fleet.Ramp(n, 0)
	r.until("the ramp", func(p Progress) bool { return p.Ramped >= int64(n) }) // of a short hold, all at once may never be held
}

// publish sends n messages and waits until the expected number of deliveries is there.
func (r *rig) publish(n int, rate float64, deliveries int64) Result {
	r.t.Helper()
	r.fleet.Publish(Publication{Pace: plan.Pace{Rate: rate, Count: n}})
	p := r.until("the deliveries", func(p Progress) bool {
		return p.Published == int64(n) && p.Pending == 0 && p.Delivered >= deliveries
	})
	result := make(chan Result)
	r.fleet.Result(p.Ledger(), func(res Result) { result <- res })
	return <-result
}

func TestFaultlessRun(t *testing.T) {
	for name, change := range map[string]func(*Config, *faulty.Server){
		"one connection":   func(*Config, *faulty.Server) {},
		"two connections":  func(c *Config, _ *faulty.Server) { c.Connections = 2 },
		"callback-polling": func(c *Config, _ *faulty.Server) { c.Style = wire.CallbackPolling },
		"path suffixes":    func(c *Config, _ *faulty.Server) { c.Suffixes = true },
		"publish URL":      func(c *Config, s *faulty.Server) { c.PublishURLs = []string{s.PublishURL()} },
		"many symbols": func(c *Config, _ *faulty.Server) {
			c.Symbols = plan.NewSymbols("/s/{symbol}", 10, 4, 1, 3)
			c.Names = nil
			for k := range 10 {
				c.Names = append(c.Names, c.Symbols.Name(k))
			}
			c.Publishers = 3
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := faulty.Start(300*time.Millisecond, faulty.Faults{})
			defer server.Close()
			config := sampleConfig(server.URL())
			change(&config, server)
			r := startRig(t, config)
			r.ramp(20)
			expected := expectedDeliveries(config, 50)
			res := r.publish(50, 500, expected)
			if err := res.Counts.Check(expected); err != nil {
				t.Error(err)
			}
			if res.Progress.Faults.Total() != 0 || res.Latency.Count() != expected || res.Ramp.Count() != 20 {
				t.Errorf("faults %+v, %d latencies, %d ramped", res.Progress.Faults, res.Latency.Count(), res.Ramp.Count())
			}
		})
	}
}

func expectedDeliveries(c Config, messages int) (n int64) {
	for i := range messages {
		n += int64(c.Symbols.Followers(c.Symbols.Pick(i), c.Subscribers))
	}
	return n
}

func TestInjectedFaultsAreCaught(t *testing.T) {
	const messages, deliveries = 100, 2000
	faults := []struct {
		name   string
		faults faulty.Faults
		found  func(Result) bool
	}{
		{"drops 1 in 1,000", faulty.Faults{DropEvery: 1000}, func(r Result) bool { return r.Counts.Lost == 2 && r.Counts.Delivered == deliveries-2 }},
		{"doubles 1 in 500", faulty.Faults{DuplicateEvery: 500}, func(r Result) bool { return r.Counts.Duplicates == 4 }},
		{"swaps 1 in 400", faulty.Faults{SwapEvery: 400}, func(r Result) bool { return r.Counts.Reordered+r.Counts.Lost >= 4 && r.Counts.Reordered > 0 }},
		{"strays 1 in 1,000", faulty.Faults{StrayEvery: 1000}, func(r Result) bool { return r.Counts.Strays == 2 }},
		{"tells of a gap 1 in 1,000", faulty.Faults{GapEvery: 1000}, func(r Result) bool { return r.Counts.Lost == 2 && r.Progress.Gaps == 2 }},
	}
	for _, style := range []wire.Style{wire.LongPolling, wire.WebSocket, wire.EventSource, wire.Events, wire.XHRStreaming} {
		for _, c := range faults {
			t.Run(style.String()+" "+c.name, func(t *testing.T) {
				t.Parallel()
				server := faulty.Start(time.Second, c.faults)
				t.Cleanup(server.Close)
				config := sampleConfig(server.URL())
				config.Style = style
				r := startRig(t, config)
				r.ramp(20)
				res := r.publish(messages, 1000, deliveries-10)
				settle(r)
				res = r.result(res.Progress.Sent)
				if !c.found(res) {
					t.Errorf("the books say %+v, %d gaps", res.Counts, res.Progress.Gaps)
				}
				if res.Counts.Check(deliveries) == nil {
					t.Error("the check passed")
				}
			})
		}
	}
}

// settle waits until nothing more arrives for three reports.
func settle(r *rig) {
	last, same := int64(-1), 0
	r.until("quiet", func(p Progress) bool {
		if p.Delivered != last {
			last, same = p.Delivered, 0
		}
		same++
		return same >= 4
	})
}

func (r *rig) result(sent []uint32) Result {
	result := make(chan Result)
	r.fleet.Result(Ledger{Sent: sent}, func(res Result) { result <- res })
	return <-result
}

// Latency counts from the plan: a server that delays by 50 ms cannot look faster, and
// messages that were due while it dawdled are late by as much.
func TestADelayOf50MillisecondsIsSeen(t *testing.T) {
	server := faulty.Start(time.Second, faulty.Faults{Delay: 50 * time.Millisecond})
	defer server.Close()
	r := startRig(t, sampleConfig(server.URL()))
	r.ramp(20)
	res := r.publish(20, 200, 400)
	if p1 := time.Duration(res.Latency.Percentile(1)); p1 < 50*time.Millisecond {
		t.Errorf("one per cent of the deliveries claim less than %v", p1)
	}
	if res.Counts.Lost+res.Counts.Duplicates != 0 {
		t.Errorf("a delay is no loss: %+v", res.Counts)
	}
}

func TestForgottenSessionsAreRenewed(t *testing.T) {
	server := faulty.Start(500*time.Millisecond, faulty.Faults{ForgetEvery: 30}) // long enough for most to be held at once
	defer server.Close()
	r := startRig(t, sampleConfig(server.URL()))
	r.ramp(20)
	p := r.until("renewals", func(p Progress) bool { return p.Renewed >= 3 && p.Held >= 18 })
	if p.Faults.Protocol < 3 || !strings.Contains(p.Faults.First, "session_unknown") {
		t.Errorf("faults %+v", p.Faults)
	}
}

func TestBadStatusIsCountedAndSurvived(t *testing.T) {
	server := faulty.Start(50*time.Millisecond, faulty.Faults{FailEvery: 25})
	defer server.Close()
	r := startRig(t, sampleConfig(server.URL()))
	r.ramp(15)
	p := r.until("bad statuses", func(p Progress) bool { return p.Faults.Status >= 3 })
	if !strings.Contains(p.Faults.First, "500") {
		t.Errorf("faults %+v", p.Faults)
	}
}

func TestRefusedPublishesAreCounted(t *testing.T) {
	server := faulty.Start(time.Second, faulty.Faults{RefusePublish: true})
	defer server.Close()
	r := startRig(t, sampleConfig(server.URL()))
	r.ramp(20)
	res := r.publish(10, 0, 0)
	void := res.Progress.Ledger()
	if p := void.Published(0); res.Progress.Refused != 10 || res.Counts.Lost != 0 || p.Total != 10 || p.Count() != 0 {
		t.Errorf("%d refused, %+v", res.Progress.Refused, res.Counts)
	}
}

func TestNobodyListens(t *testing.T) {
	config := sampleConfig("http://127.0.0.1:1/bayeux")
	r := startRig(t, config)
	r.fleet.Ramp(5, 0)
	p := r.until("dial faults", func(p Progress) bool { return p.Faults.Dial >= 5 })
	if p.Held != 0 || !strings.Contains(p.Faults.First, "refused") {
		t.Errorf("%+v", p)
	}
}

func TestKilledConnectionsComeBackExcused(t *testing.T) {
	server := faulty.Start(10*time.Second, faulty.Faults{}) // of a short hold, all at once may never be held
	t.Cleanup(server.Close)                                 // after the fleet, whose polls it holds
	r := startRig(t, sampleConfig(server.URL()))
	r.ramp(20)
	r.fleet.Kill(50)
	r.until("kills", func(p Progress) bool { return p.Killed >= 10 })
	r.fleet.Kill(0)
	r.until("all back", func(p Progress) bool { return p.Held == 20 })
	res := r.publish(10, 100, 150)
	settle(r)
	res = r.result(res.Progress.Sent)
	if res.Counts.Delivered+res.Counts.Lost != 200 || res.Counts.Lost > res.Counts.Excused {
		t.Errorf("%+v", res.Counts)
	}
}

func TestChurnCountsWholeCycles(t *testing.T) {
	server := faulty.Start(time.Second, faulty.Faults{})
	defer server.Close()
	config := sampleConfig(server.URL())
	config.Subscribers, config.Churners = 0, 4
	r := startRig(t, config)
	r.fleet.Churn(0, 40)
	p := r.until("forty cycles", func(p Progress) bool { return p.Churned == 40 })
	if p.Open != 0 || p.Faults.Total() != 0 {
		t.Errorf("%+v", p)
	}
	if res := r.result(nil); res.Cycle.Count() != 40 {
		t.Errorf("%d cycle times", res.Cycle.Count())
	}
}

func TestLeaveClosesEverything(t *testing.T) {
	server := faulty.Start(time.Second, faulty.Faults{})
	defer server.Close()
	config := sampleConfig(server.URL())
	config.Connections = 2
	r := startRig(t, config)
	r.ramp(20)
	r.fleet.Leave()
	r.until("an empty fleet", func(p Progress) bool { return p.Held == 0 && p.Open == 0 })
}

func TestAwaitReportsAtOnce(t *testing.T) {
	server := faulty.Start(time.Second, faulty.Faults{})
	defer server.Close()
	r := startRig(t, sampleConfig(server.URL()))
	r.ramp(20)
	for round := int64(1); round <= 20; round++ {
		r.fleet.Publish(Publication{Pace: plan.Pace{Count: 1}, First: int(round - 1)})
		r.fleet.Await(0, round*20)
		r.until("a round", func(p Progress) bool { return p.Delivered == round*20 })
	}
}

func TestNewRefuses(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.URLs = []string{"ftp://x/"} },
		func(c *Config) { c.PublishURLs = []string{"nowhere"} },
		func(c *Config) { c.URLs = []string{"http://127.0.0.1:notaport/"} },
	} {
		config := sampleConfig("http://127.0.0.1:1/")
		change(&config)
		if _, err := New(config, NewClock(Monotonic()), func(Progress) {}); err == nil {
			t.Errorf("%+v was accepted", config)
		}
	}
}
