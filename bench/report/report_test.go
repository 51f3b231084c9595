package report

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"halley/bench/client"
	"halley/bench/cost"
	"halley/bench/hist"
	"halley/bench/reconcile"
)

const second = int64(1e9)

// sampleRun is a made-up run of 100 subscribers and 10 messages whose figures are round.
func sampleRun() *Run {
	latency, lag, ramp, cycle := hist.New(), hist.New(), hist.New(), hist.New()
	for i := range 1000 {
		latency.Record(int64(i+1) * 10_000)
	}
	lag.Record(1000)
	ramp.Record(5e6)
	at := func(cpu int64, rss int64, held int) *cost.Sample {
		return &cost.Sample{User: cpu / 4, System: cpu * 3 / 4, Exec: cpu, RSS: rss, Held: held, Threads: 3, Files: 9}
	}
	series := make([]client.Bucket, 60)
	for i := range series {
		series[i] = client.Bucket{Delivered: int64(i), Ramped: int64(60 - i), Held: 100}
	}
	return &Run{
		Scenario: "fanout", Label: "a <server>", Commit: "abc", Expected: 1000,
		Plan:   Plan{Subscribers: 100, Connections: 1, ConnectionType: "long-polling", Symbols: 1, Follow: 1, Messages: 10, Rate: 5, Size: 128, Processes: 1},
		Result: &client.Result{Counts: reconcile.Counts{Delivered: 1000}, Progress: client.Progress{Published: 10}, Latency: latency, Lag: lag, Ramp: ramp, Cycle: cycle, Series: series},
		Phases: []Phase{
			{Name: PhaseRamp, From: 0, To: second, After: client.Progress{Ramped: 100}, ServerBefore: at(0, 1e6, 0), ServerAfter: at(5e6, 2e6, 100)},
			{Name: PhaseHold, From: second, To: 3 * second, After: client.Progress{Cycles: 200}, ServerBefore: at(5e6, 2e6, 100), ServerAfter: at(25e6, 2e6, 100)},
			{Name: PhasePublish, From: 3 * second, To: 5 * second, After: client.Progress{Delivered: 1000, At: 2 * second, User: 4e6, System: 4e6, Busy: second}, ServerBefore: at(25e6, 2e6, 100), ServerAfter: at(45e6, 2e6, 100)},
			{Name: PhaseLeave, From: 5 * second, To: 6 * second, ServerBefore: at(45e6, 2e6, 100), ServerAfter: at(45e6, 1.1e6, 0)},
		},
		Samples: []cost.Sample{*at(0, 1e6, 0), *at(1, 1.5e6, 50), *at(2, 2e6, 100), *at(3, 1.1e6, 0)},
		Steps:   []cost.Sample{*at(1, 1.5e6, 50), *at(2, 2e6, 100)},
	}
}

// A run with conflation tells how much fell away and how far behind the market the rest was.
func TestFiguresOfConflation(t *testing.T) {
	r := sampleRun()
	r.Result.Stale = hist.New()
	r.Result.Stale.Record(3e6)
	r.Result.Counts = reconcile.Counts{Delivered: 600, Conflated: 300, Dropped: 100}
	r.Result.Progress.Stalled = 20
	p := &r.Phases[2]
	p.After.Published, p.ServerAfter = 10, &cost.Sample{Exec: 45e6, RSS: 4e6}
	for i, rss := range []int64{9e6, 3e6, 5e6, 7e6} { // before the first quarter is over, and when all is over, are not of it
		r.Samples[i].At, r.Samples[i].RSS = []int64{3 * second, 4 * second, 5 * second, 6 * second}[i], rss
	}
	for _, c := range []struct {
		group, name string
		want        float64
	}{
		{"counts", "conflated away", 300},
		{"counts", "dropped, as the server told", 100},
		{"counts", "stalled readers", 20},
		{"conflated: behind the market, when a message came", "max", 3e6},
		{"rates", "publishes", 5},
		{"server CPU", "per published message", 2e6},
		{"server memory", "RSS growth while publishing", 2e6},
		{"server memory", "RSS after a quarter of it, least", 3e6},
		{"server memory", "RSS after a quarter of it, most", 5e6},
	} {
		if got, ok := r.Figure(c.group, c.name); !ok || math.Abs(got-c.want) > 0.001*c.want {
			t.Errorf("%s, %s = %v %v, want %v", c.group, c.name, got, ok, c.want)
		}
	}
	if got, want := r.Verdict(), "ok: 600 delivered + 0 lost + 300 conflated + 100 told to be dropped = 1000 expected"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	r.Plan.Asked = "one of a channel in 1s"
	if got := r.Plan.String(); !strings.Contains(got, ", one of a channel in 1s") {
		t.Errorf("%q", got)
	}
}

func TestFigures(t *testing.T) {
	r := sampleRun()
	for _, c := range []struct {
		group, name string
		want        float64
		text        string
	}{
		{"counts", "delivered", 1000, "1,000"},
		{"counts", "lost", 0, "0"},
		{"rates", "subscribers ramped up", 100, "100/s"},
		{"rates", "deliveries", 500, "500/s"},
		{"server CPU", "per subscriber ramped up", 50_000, "50.0 µs"},
		{"server CPU", "while holding, of one core", 1, "1.0 %"},
		{"server CPU", "while holding, per poll cycle", 100_000, "100.0 µs"},
		{"server CPU", "per delivery", 20_000, "20.0 µs"},
		{"server CPU", "per delivery, user part", 5_000, "5.0 µs"},
		{"server memory", "RSS per held subscriber", 10_000, "10,000 B"},
		{"server memory", "RSS growth left after the clients had gone", 10, "10.0 %"},
		{"generator", "CPU per delivery", 8_000, "8.0 µs"},
		{"generator", "busy while publishing", 50, "50.0 %"},
		{"generator", "share of the CPU that both spent", 100 * 8.0 / 28, "28.6 %"},
	} {
		got, ok := r.Figure(c.group, c.name)
		if !ok || math.Abs(got-c.want) > 1e-6*c.want {
			t.Errorf("%s, %s = %v %v, want %v", c.group, c.name, got, ok, c.want)
		}
		for _, f := range r.Figures() {
			if f.Group == c.group && f.Name == c.name && f.Text() != c.text {
				t.Errorf("%s is written %q, want %q", c.name, f.Text(), c.text)
			}
		}
	}
	if _, ok := r.Figure("server CPU", "per churn cycle"); ok {
		t.Error("a run without churn has a figure for it")
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		unit  Unit
		value float64
		want  string
	}{
		{Count, 0, "0"}, {Count, 999, "999"}, {Count, 1234567, "1,234,567"}, {Count, -1311, "-1,311"}, {Count, 1.5, "1.5"},
		{Nanos, 12_345, "12.3 µs"}, {Nanos, 12_345_678, "12.35 ms"}, {Nanos, 1.5e9, "1.50 s"},
		{Bytes, 443, "443 B"}, {Bytes, 1 << 20, "1.0 MiB"}, {Bytes, 100 << 10, "100.0 KiB"}, {Bytes, 3 << 30, "3.0 GiB"},
		{PerSecond, 50, "50/s"}, {Percent, 12.34, "12.3 %"},
	} {
		if got := (Figure{Unit: c.unit, Value: c.value}).Text(); got != c.want {
			t.Errorf("%v of unit %d is %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}

func TestTextTellsTheVerdict(t *testing.T) {
	for _, c := range []struct {
		change func(*Run)
		want   string
	}{
		{func(*Run) {}, "ok: 1000 delivered + 0 lost = 1000 expected"},
		{func(r *Run) { r.Fault = "3 lost" }, "FAILED: 3 lost"},
		{func(r *Run) { r.Result.Progress.Published = 0 }, "ok: nothing was published"},
		{func(r *Run) { r.Warnings = []string{"too slow"} }, "warning: too slow"},
		{func(r *Run) { r.Result.Progress.Faults = client.Faults{Dial: 7, First: "refused"} }, "first fault: refused"},
	} {
		r := sampleRun()
		c.change(r)
		var out bytes.Buffer
		if err := r.Text(&out); err != nil || !strings.Contains(out.String(), c.want) {
			t.Errorf("%q is not in %v\n%s", c.want, err, out.String())
		}
	}
}

func TestJudgeWarnsOfTheGenerator(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Run)
		want   string
	}{
		{"all well", func(*Run) {}, ""},
		{"busy", func(r *Run) { r.Phases[2].After.Busy = 2 * second }, "bottleneck"},
		{"late", func(r *Run) {
			for range 100 {
				r.Result.Lag.Record(50e6)
			}
		}, "after the plan"},
		{"dear", func(r *Run) { r.Phases[2].After.User = 30e6 }, "more CPU per delivery"},
	} {
		r := sampleRun()
		c.change(r)
		r.Judge()
		got := strings.Join(r.Warnings, "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: warnings %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCompare(t *testing.T) {
	a, b := sampleRun(), sampleRun()
	b.Phases[2].ServerAfter.Exec += 20e6 // twice the CPU per delivery
	b.Phases[2].ServerAfter.User += 5e6
	b.Phases[2].ServerAfter.System += 15e6
	var out bytes.Buffer
	if err := Compare(&out, []*Run{a, b}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2.00× !", "1.00×", "B/A", "commit abc"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "note:") {
		t.Error("equal plans are called different")
	}
	b.Plan.Subscribers = 7
	out.Reset()
	if err := Compare(&out, []*Run{a, b}); err != nil || !strings.Contains(out.String(), "did not do the same") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestCompareWithoutTheSameFigures(t *testing.T) {
	a, b := sampleRun(), sampleRun()
	b.Phases, b.Samples = nil, nil
	var out bytes.Buffer
	if err := Compare(&out, []*Run{a, b, a}); err != nil || !strings.Contains(out.String(), "–") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestHTMLStandsAlone(t *testing.T) {
	var out bytes.Buffer
	if err := HTML(&out, []*Run{sampleRun(), sampleRun()}); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	if n := strings.Count(page, "<svg"); n != 4 {
		t.Errorf("%d plots, want 4", n)
	}
	for _, bad := range []string{"<server>", "<script", "<link", "src=", "@import", "#000000", "#FFFFFF"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
}

// The page names every line beside its plot and not in it, and leaves the colours to the
// style sheet, which has those of a light and of a dark screen.
func TestHTMLLegends(t *testing.T) {
	var out bytes.Buffer
	a, b := sampleRun(), sampleRun()
	a.Label, b.Label = "first server", "second & last"
	if err := HTML(&out, []*Run{a, b}); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{
		`<li style="--line:var(--line0)">A first server</li><li style="--line:var(--line1)">B second &amp; last</li></ul><svg`,
		"<h2>B fanout: second &amp; last</h2>", "<th>counts</th><th>A </th><th>B </th>", "stroke:currentColor", "stroke:var(--line1)", "color-scheme:light dark", "@media(prefers-color-scheme:dark)", "width=device-width",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	for _, plot := range strings.Split(page, "<svg")[1:] {
		if svg, _, _ := strings.Cut(plot, "</svg>"); strings.Contains(svg, "first server") {
			t.Error("a label is inside a plot")
		}
	}
	for i := range palette() {
		if name := fmt.Sprintf("--line%d:#", i); strings.Count(page, name) != 2 {
			t.Errorf("%s is set %d times, want once for light and once for dark", name, strings.Count(page, name))
		}
	}
}

// The legend of a file stands above the frame of the plot, whatever is in it.
func TestFileLegendIsAboveThePlot(t *testing.T) {
	dir := t.TempDir()
	runs := []*Run{sampleRun(), sampleRun(), sampleRun()}
	runs[2].Label = strings.Repeat("very long ", 20)
	if err := WriteSVG(dir, runs[:1]); err != nil {
		t.Fatal(err)
	}
	one := svgHeight(t, filepath.Join(dir, "latency.svg"))
	if err := WriteSVG(dir, runs); err != nil {
		t.Fatal(err)
	}
	if three := svgHeight(t, filepath.Join(dir, "latency.svg")); three < one+10 {
		t.Errorf("%v high with one label, %v with three: they share the plot's room", one, three)
	}
	text, err := os.ReadFile(filepath.Join(dir, "latency.svg"))
	if err != nil || !bytes.Contains(text, []byte("…")) || bytes.Contains(text, []byte(strings.Repeat("very long ", 7))) {
		t.Errorf("a label that is too long is not shortened; %v", err)
	}
}

func svgHeight(t *testing.T, name string) (height float64) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), `height="`)
	number, _, _ := strings.Cut(rest, "pt")
	if height, err = strconv.ParseFloat(number, 64); err != nil {
		t.Fatal(err)
	}
	return height
}

func TestPlotsAsFiles(t *testing.T) {
	dir := t.TempDir()
	if err := WriteSVG(dir, []*Run{sampleRun()}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"latency", "deliveries", "memory", "connects"} {
		text, err := os.ReadFile(filepath.Join(dir, name+".svg"))
		if err != nil || !bytes.HasPrefix(text, []byte("<svg")) {
			t.Errorf("%s: %.20q, %v", name, text, err)
		}
	}
	if err := WriteSVG(filepath.Join(dir, "nowhere"), []*Run{sampleRun()}); err == nil {
		t.Error("plots were written into a folder that is not there")
	}
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	if err := sampleRun().Save(path); err != nil {
		t.Fatal(err)
	}
	r, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	a, b := sampleRun().Figures(), r.Figures()
	if len(a) != len(b) {
		t.Fatalf("%d figures became %d", len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("%+v became %+v", a[i], b[i])
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, text := range map[string]string{"junk": "x", "empty": "{}", "other": `{"result":{}}`} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil {
			t.Errorf("%s was loaded", name)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("a file that is not there was loaded")
	}
}

func TestMachine(t *testing.T) {
	if m := ThisMachine(); m.Cores < 1 || m.Memory == 0 || m.Kernel == "" {
		t.Errorf("%+v", m)
	}
	if got := modelName([]byte("processor: 0\nmodel name\t: A  CPU\nmodel name\t: B\n")); got != "A  CPU" {
		t.Errorf("model name %q", got)
	}
}

func TestBudgets(t *testing.T) {
	runs := map[string][]*Run{}
	for _, name := range []string{OneConnection, TwoConnections, Large, Idle, Socket, Events, IdleSocket, IdleEvents, HalfPolls, HalfEvents} {
		runs[name+"-halley"], runs[name+"-floor"] = []*Run{sampleRun()}, []*Run{sampleRun()}
	}
	runs[OneConnection+"-halley-tls"] = []*Run{sampleRun()}
	missed := func() (names []string) {
		for _, b := range Budgets(runs) {
			if !b.Kept {
				names = append(names, b.Name)
			}
		}
		return names
	}
	if got := missed(); len(got) != 3 || strings.Count(strings.Join(got, "\n"), "RSS slope") != 3 {
		t.Errorf("missed %q; only the 10,000 bytes per subscriber are too many", got)
	}
	runs[TwoConnections+"-halley"][0].Phases[2].ServerAfter.Exec += 11e6
	runs[Idle+"-halley"][0].Phases[1].ServerAfter.Exec += 100e6
	runs[Large+"-halley"][0].Result.Counts.Lost = 1
	runs[Socket+"-halley"][0].Phases[2].ServerAfter.Exec += 11e6
	runs[OneConnection+"-halley-tls"][0].Phases[2].ServerAfter.Exec += 11e6
	if got := missed(); len(got) != 8 {
		t.Errorf("missed %q, want eight", got)
	}
	delete(runs, Idle+"-floor")
	delete(runs, Large+"-halley")
	var out bytes.Buffer
	if err := WriteBudgets(&out, Budgets(runs)); err != nil || strings.Count(out.String(), "not measured") != 3 || !strings.Contains(out.String(), "MISSED") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// Of several rounds the median of their ratios counts: one that was disturbed changes nothing.
func TestBudgetsOfRounds(t *testing.T) {
	runs := map[string][]*Run{}
	for _, more := range []int64{1e6, 40e6, 2e6} {
		r := sampleRun()
		r.Phases[2].ServerAfter.Exec += more
		runs[Socket+"-halley"], runs[Socket+"-floor"] = append(runs[Socket+"-halley"], r), append(runs[Socket+"-floor"], sampleRun())
	}
	for _, b := range Budgets(runs) {
		if b.Name == "CPU per delivery over a websocket, one loop" && (!b.Kept || b.Have != "1.10 × (22.0 µs, floor 20.0 µs)") {
			t.Errorf("%+v", b)
		}
	}
	if _, ok := median(nil); ok || len(ratios([]float64{1}, []float64{0})) != 0 {
		t.Error("nothing has a median")
	}
	nan := math.NaN() // of a round without the figure
	if got, ok := median(ratios([]float64{nan, 3, 8}, []float64{1, nan, 2})); !ok || got != 4 {
		t.Errorf("a ratio of %g, of two rounds of which each has one figure, and of one with both", got)
	}
}
