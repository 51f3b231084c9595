// Proved by TestBudgets.

package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
)

// Budget is a limit that the server has promised to keep, and what a run says about it.
type Budget struct {
	Name  string
	Limit string // as it is promised
	Have  string // as it was measured; empty when the run for it is missing
	Kept  bool
}

// The names under which Budgets looks for runs: the scenario, a dash and the server.
const (
	OneConnection  = "fanout1" // one connection per subscriber, one loop
	TwoConnections = "fanout2" // two connections per subscriber, two loops
	Large          = "fanout10k"
	Idle           = "idle"
	Socket         = "fanout-websocket" // over websockets, one loop
	Events         = "fanout-events"    // over plain event-streams, one loop
	IdleSocket     = "idle-websocket"
	IdleEvents     = "idle-events"
	HalfPolls      = "latency-long-polling" // to many, at half of saturation
	HalfEvents     = "latency-events"
)

const (
	measuredServer = "halley"
	yardstick      = "floor"
	sealedServer   = "halley-tls"
)

// Budgets checks a standard set of runs against what the design promises. Of several rounds of a run the median counts, and of
// ratios that of the ratios of each round.
func Budgets(rounds map[string][]*Run) []Budget {
	b := budgets{rounds: rounds}
	b.ratio("CPU per delivery, one connection, one loop", OneConnection, "server CPU", "per delivery", 1.12)
	b.ratio("CPU per delivery, two connections, two loops", TwoConnections, "server CPU", "per delivery", 1.5)
	b.ratio("CPU from dial to held", OneConnection, "server CPU", "per subscriber ramped up", 1.4)
	b.ratio("p99 of a message to all of the large fan-out", Large, "latency from the plan", "p99", 1.25)
	b.ratio("p99.9 to 10,000 long-polls at half of saturation", HalfPolls, "latency from the plan", "p99.9", 1.3)
	b.ratio("p99.9 to 10,000 event-streams at half of saturation", HalfEvents, "latency from the plan", "p99.9", 1.3)
	b.below("lost in the large fan-out", Large, "counts", "lost", Count, 0)
	b.below("memory per held subscriber (RSS slope)", Idle, "server memory", "RSS per held subscriber", Bytes, 900)
	b.below("memory growth left when the clients have gone", Idle, "server memory", "RSS growth left after the clients had gone", Percent, 10)
	b.idleCPU(2)
	b.ratio("CPU per delivery over a websocket, one loop", Socket, "server CPU", "per delivery", 1.1)
	b.ratio("CPU per delivery over an event-stream, one loop", Events, "server CPU", "per delivery", 1.1)
	b.below("memory per idle websocket (RSS slope)", IdleSocket, "server memory", "RSS per held subscriber", Bytes, 1024)
	b.below("memory per idle event-stream (RSS slope)", IdleEvents, "server memory", "RSS per held subscriber", Bytes, 1024)
	b.beside("CPU per delivery by TLS, one connection, one loop", OneConnection+"-"+sealedServer, OneConnection+"-"+measuredServer, 1.2)
	return b.list
}

type budgets struct {
	rounds map[string][]*Run
	list   []Budget
}

// figures are those of the rounds of a run, NaN of a round that has none: ratios are of two runs of the same round.
func (b *budgets) figures(name, group, figure string) (values []float64) {
	for _, r := range b.rounds[name] {
		v, ok := r.Figure(group, figure)
		if !ok {
			v = math.NaN()
		}
		values = append(values, v)
	}
	return values
}

func (b *budgets) figure(scenario, server, group, name string) (float64, bool) {
	return median(b.figures(scenario+"-"+server, group, name))
}

// median is the middle of values but NaN, if there are any.
func median(values []float64) (float64, bool) {
	values = slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(values) == 0 {
		return 0, false
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2, true
}

// ratios are those of the values of each round.
func ratios(have, least []float64) (values []float64) {
	for i := range min(len(have), len(least)) {
		if least[i] != 0 {
			values = append(values, have[i]/least[i])
		}
	}
	return values
}

func (b *budgets) add(name, limit, have string, kept bool) {
	b.list = append(b.list, Budget{name, limit, have, kept})
}

// ratio is to the floor.
func (b *budgets) ratio(what, scenario, group, name string, limit float64) {
	b.to(what, fmt.Sprintf("≤ %.2f × the floor", limit), "floor", limit,
		b.figures(scenario+"-"+measuredServer, group, name), b.figures(scenario+"-"+yardstick, group, name))
}

// beside compares the CPU of deliveries of two servers.
func (b *budgets) beside(what, run, other string, limit float64) {
	b.to(what, fmt.Sprintf("≤ %.2f × the plain one", limit), "plain", limit,
		b.figures(run, "server CPU", "per delivery"), b.figures(other, "server CPU", "per delivery"))
}

func (b *budgets) to(what, text, base string, limit float64, have, least []float64) {
	ratio, ok := median(ratios(have, least))
	if !ok {
		b.add(what, text, "", false)
		return
	}
	own, _ := median(have)
	other, _ := median(least)
	b.add(what, text, fmt.Sprintf("%.2f × (%s, %s %s)", ratio, nanosText(own), base, nanosText(other)), ratio <= limit)
}

func (b *budgets) below(what, scenario, group, name string, unit Unit, limit float64) {
	text := "≤ " + Figure{Unit: unit, Value: limit}.Text()
	have, ok := b.figure(scenario, measuredServer, group, name)
	if !ok {
		b.add(what, text, "", false)
		return
	}
	b.add(what, text, Figure{Unit: unit, Value: have}.Text(), have <= limit)
}

// idleCPU compares what holding costs beyond the polls' own cycles, each of which is
// charged at what the floor's whole holding cost per cycle.
func (b *budgets) idleCPU(limit float64) {
	const what = "CPU while holding beyond the polls' own cycles"
	text := fmt.Sprintf("< %g %% of one core", limit)
	have, ok := b.figure(Idle, measuredServer, "server CPU", "while holding, of one core")
	each, okCycle := b.figure(Idle, yardstick, "server CPU", "while holding, per poll cycle")
	if !ok || !okCycle { // with the first there is a run
		b.add(what, text, "", false)
		return
	}
	hold := b.rounds[Idle+"-"+measuredServer][0].phase(PhaseHold)
	own := 100 * rate(hold, hold.After.Cycles-hold.Before.Cycles) * each / 1e9
	b.add(what, text, fmt.Sprintf("%.2f %% (%.2f %% in all)", have-own, have), have-own < limit)
}

// WriteBudgets writes the budgets as a table.
func WriteBudgets(w io.Writer, list []Budget) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, b := range list {
		state, have := "kept", b.Have
		switch {
		case have == "":
			state, have = "-", "not measured"
		case !b.Kept:
			state = "MISSED"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", state, b.Name, b.Limit, have)
	}
	return t.Flush()
}
