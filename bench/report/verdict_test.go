package report

import (
	"strings"
	"testing"
	"time"

	"halley/bench/client"
	"halley/bench/cost"
	"halley/bench/hist"
	"halley/bench/reconcile"
)

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Run)
		want   string
	}{
		{"all arrived", func(*Run) {}, "ok: 1000 delivered + 0 lost = 1000 expected"},
		{"nothing was published", func(r *Run) { r.Result.Progress.Published = 0 }, "ok: nothing was published, nothing arrived"},
		{"one cycle", func(r *Run) { r.Result.Progress = client.Progress{Churned: 1} }, "ok: 1 churn cycle completed"},
		{"many cycles", func(r *Run) { r.Result.Progress = client.Progress{Churned: 12345} }, "ok: 12,345 churn cycles completed"},
		{"cycles beside messages", func(r *Run) { r.Result.Progress.Churned = 5 }, "ok: 1000 delivered + 0 lost = 1000 expected"},
		{"a fault", func(r *Run) { r.Fault = "3 of 5 churn cycles failed" }, "FAILED: 3 of 5 churn cycles failed"},
		{"excused losses", func(r *Run) { r.Result.Counts = reconcile.Counts{Delivered: 998, Lost: 2, Excused: 2} }, "ok: 998 delivered + 2 lost = 1000 expected"},
		{"conflated", func(r *Run) { r.Result.Counts = reconcile.Counts{Delivered: 10, Conflated: 990} }, "ok: 10 delivered + 0 lost + 990 conflated = 1000 expected"},
	} {
		r := sampleRun()
		c.change(r)
		if got := r.Verdict(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPlansInWords(t *testing.T) {
	for _, c := range []struct {
		plan Plan
		want string
	}{
		{Plan{Subscribers: 1, Connections: 1, ConnectionType: "websocket"}, "1 subscriber over websocket, 1 connection each"},
		{Plan{Subscribers: 2000, Connections: 2, ConnectionType: "iframe", Messages: 1, Size: 9}, "2,000 subscribers over iframe, 2 connections each, 1 message of 9 bytes"},
		{Plan{Subscribers: 2, Connections: 1, ConnectionType: "events", Symbols: 10, Follow: 3, Messages: 5, Size: 128, Rate: 2.5, Processes: 4, Asked: "acknowledged"},
			"2 subscribers over events, 1 connection each, 3 of 10 channels each, 5 messages of 128 bytes at 2.5/s, acknowledged, 4 generators"},
		{Plan{Subscribers: 2, Connections: 1, ConnectionType: "events", Symbols: 1, Follow: 1, Processes: 1}, "2 subscribers over events, 1 connection each"},
	} {
		if got := c.plan.String(); got != c.want {
			t.Errorf("%q\nwant %q", got, c.want)
		}
	}
}

// A count of something that went wrong is shown when there is something to tell.
func TestCountsOfWhatWentWrong(t *testing.T) {
	r := sampleRun()
	for _, name := range []string{"publishes refused", "publishes without an answer", "churn cycles failed", "connections killed on purpose", "sessions renewed",
		"gaps that the server told of", "faults: dial", "faults: closed under a request", "faults: HTTP status", "faults: protocol", "faults: no answer",
		"lost, excused by a killed connection", "last messages not held", "told to be dropped, but arrived", "replayIds and acks that do not rise",
		"streams ended and opened anew", "stalled readers reset by the server"} {
		if _, ok := r.Figure("counts", name); ok {
			t.Errorf("a faultless run tells of %q", name)
		}
	}
	r.Result.Progress = client.Progress{Published: 1, Refused: 2, Unknown: 3, ChurnFailed: 4, Killed: 5, Renewed: 6, Gaps: 7, Rolled: 8, Shut: 9,
		Faults: client.Faults{Dial: 11, Closed: 12, Status: 13, Protocol: 14, Timeout: 15}}
	r.Result.Counts = reconcile.Counts{Excused: 21, Behind: 22, Overtold: 23, Misnumbered: 24}
	for name, want := range map[string]float64{"publishes refused": 2, "publishes without an answer": 3, "churn cycles failed": 4, "connections killed on purpose": 5,
		"sessions renewed": 6, "gaps that the server told of": 7, "streams ended and opened anew": 8, "stalled readers reset by the server": 9,
		"faults: dial": 11, "faults: closed under a request": 12, "faults: HTTP status": 13, "faults: protocol": 14, "faults: no answer": 15,
		"lost, excused by a killed connection": 21, "last messages not held": 22, "told to be dropped, but arrived": 23, "replayIds and acks that do not rise": 24} {
		if got, ok := r.Figure("counts", name); !ok || got != want {
			t.Errorf("%s: %v %v, want %v", name, got, ok, want)
		}
	}
}

// Churn has its figures from a phase of its own, or in a soak from that of publishing.
func TestFiguresOfChurn(t *testing.T) {
	for _, phase := range []string{PhaseChurn, PhasePublish} {
		r := sampleRun()
		r.Result.Cycle.Record(7e6)
		at := func(cpu int64) *cost.Sample { return &cost.Sample{User: cpu, Exec: cpu} }
		r.Phases = []Phase{{Name: phase, From: 0, To: 2 * second, After: client.Progress{Churned: 100}, ServerBefore: at(0), ServerAfter: at(1e6)}}
		if got, ok := r.Figure("rates", "churn cycles"); !ok || got != 50 {
			t.Errorf("%s: %v cycles a second, %v", phase, got, ok)
		}
		if got, ok := r.Figure("rates", "churn cycle, p99"); !ok || got < 6.9e6 || got > 7.1e6 {
			t.Errorf("%s: p99 %v, %v", phase, got, ok)
		}
		if got, ok := r.Figure("server CPU", "per churn cycle"); ok != (phase == PhaseChurn) || ok && got != 10_000 {
			t.Errorf("%s: CPU per cycle %v, %v", phase, got, ok)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Run, *Phase)
		want   string // empty: none
	}{
		{"all well", func(*Run, *Phase) {}, ""},
		{"no publishing", func(r *Run, _ *Phase) { r.Phases = r.Phases[:2] }, ""},
		{"a busy generator", func(_ *Run, p *Phase) { p.After.Busy = 19 * second / 10 }, "busy 95 % of the time"},
		{"two that share the work", func(r *Run, p *Phase) { p.After.Busy, r.Plan.Processes = 19*second/10, 2 }, ""},
		{"late publishes", func(r *Run, _ *Phase) { r.Result.Lag.Record(50e6) }, "messages left up to 50"},
		{"late publishes without a plan", func(r *Run, _ *Phase) {
			r.Result.Lag.Record(50e6)
			r.Plan.Rate = 0
		}, ""},
		{"a costly generator", func(_ *Run, p *Phase) { p.After.User = 40e6 }, "spent more CPU per delivery"},
		{"a server that is not watched", func(_ *Run, p *Phase) { p.After.User, p.ServerAfter = 40e6, nil }, ""},
	} {
		r := sampleRun()
		c.change(r, &r.Phases[2%len(r.Phases)])
		if r.Judge(); c.want == "" && len(r.Warnings) > 0 || c.want != "" && !strings.Contains(strings.Join(r.Warnings, "\n"), c.want) {
			t.Errorf("%s: %q, want %q", c.name, r.Warnings, c.want)
		}
	}
}

// The table of a terminal has a line for each figure, under the name of its group, and the verdict last.
func TestText(t *testing.T) {
	r := sampleRun()
	r.Result.Progress.Faults.First = "connect: connection refused"
	r.Warnings = []string{"this is slow"}
	var out strings.Builder
	if err := r.Text(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	at := -1
	for _, want := range []string{"fanout  a <server>\n100 subscribers", "\ncounts", "\n  published", "\nlatency from the plan", "\n  p99.9", "\nserver CPU", "\nserver memory", "\ngenerator",
		"\nwarning: this is slow\n", "\nfirst fault: connect: connection refused\n", "\nok: 1000 delivered + 0 lost = 1000 expected\n"} {
		next := strings.Index(text, want)
		if next <= at {
			t.Errorf("%q is missing, or not where it should be, in\n%s", want, text)
		}
		at = max(at, next)
	}
	if !strings.HasSuffix(text, "expected\n") || strings.Count(text, "\ncounts") != 1 {
		t.Errorf("the end is %q", text[len(text)-60:])
	}
}

// A mark stands beside what got worse by more than a twentieth, and nothing else.
func TestRatiosAreMarked(t *testing.T) {
	for _, c := range []struct {
		good       Direction
		base, have float64
		want       string
	}{
		{Lower, 100, 104, "1.04×"}, {Lower, 100, 106, "1.06× !"}, {Lower, 100, 50, "0.50×"},
		{Higher, 100, 96, "0.96×"}, {Higher, 100, 94, "0.94× !"}, {Higher, 100, 200, "2.00×"},
		{Neutral, 100, 300, "3.00×"}, {Lower, 0, 5, ""},
	} {
		if got := against(&Figure{Value: c.have, Good: c.good}, &Figure{Value: c.base, Good: c.good}); got != c.want {
			t.Errorf("%v of %v, %d: %q, want %q", c.have, c.base, c.good, got, c.want)
		}
	}
}

func TestRunsThatCannotBeCompared(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Run)
		want   string
	}{
		{"the same", func(*Run) {}, ""},
		{"another label and time", func(r *Run) { r.Label, r.Started = "other", time.Unix(1, 0) }, ""},
		{"another scenario", func(r *Run) { r.Scenario = "idle" }, "did not do the same"},
		{"another plan", func(r *Run) { r.Plan.Rate++ }, "did not do the same"},
		{"another machine", func(r *Run) { r.Machine.CPU = "other" }, "different machines"},
	} {
		a, b := sampleRun(), sampleRun()
		c.change(b)
		if got := differences([]*Run{a, b}); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A figure that later runs do not have leaves a gap; one that the first does not have is left out.
func TestRowsAreOfTheFirstRun(t *testing.T) {
	a, b := sampleRun(), sampleRun()
	b.Samples, b.Result.Stale = nil, hist.New()
	b.Result.Stale.Record(5)
	var gaps, groups int
	for _, row := range align([]*Run{a, b, a}) {
		if len(row) != 3 || row[0] == nil || row[2] == nil {
			t.Fatalf("a row of %d figures", len(row))
		}
		if row[1] == nil {
			gaps++
			if row[0].Group != "server memory" {
				t.Errorf("%s, %s is missing", row[0].Group, row[0].Name)
			}
		} else if *row[1] != *row[0] && row[0].Group == "counts" {
			t.Errorf("%+v beside %+v", row[1], row[0])
		}
		if strings.HasPrefix(row[0].Group, "conflated") {
			groups++
		}
	}
	if gaps == 0 || groups != 0 {
		t.Errorf("%d gaps, %d rows of what only the second has", gaps, groups)
	}
}
