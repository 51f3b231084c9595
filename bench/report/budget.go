// Proved by TestBudgets.

package report

import (
	"fmt"
	"io"
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
)

const (
	measuredServer = "halley"
	yardstick      = "floor"
)

// Budgets checks a standard set of runs against what the design promises.
func Budgets(runs map[string]*Run) []Budget {
	b := budgets{runs: runs}
	b.ratio("CPU per delivery, one connection, one loop", OneConnection, "server CPU", "per delivery", 1.35)
	b.ratio("CPU per delivery, two connections, two loops", TwoConnections, "server CPU", "per delivery", 1.5)
	b.ratio("CPU from dial to held", OneConnection, "server CPU", "per subscriber ramped up", 2)
	b.ratio("p99 of a message to all of the large fan-out", Large, "latency from the plan", "p99", 1.25)
	b.below("lost in the large fan-out", Large, "counts", "lost", Count, 0)
	b.below("memory per held subscriber (RSS slope)", Idle, "server memory", "RSS per held subscriber", Bytes, 1024)
	b.below("memory growth left when the clients have gone", Idle, "server memory", "RSS growth left after the clients had gone", Percent, 10)
	b.idleCPU(2)
	b.ratio("CPU per delivery over a websocket, one loop", Socket, "server CPU", "per delivery", 1.25)
	b.ratio("CPU per delivery over an event-stream, one loop", Events, "server CPU", "per delivery", 1.25)
	b.below("memory per idle websocket (RSS slope)", IdleSocket, "server memory", "RSS per held subscriber", Bytes, 1024)
	b.below("memory per idle event-stream (RSS slope)", IdleEvents, "server memory", "RSS per held subscriber", Bytes, 1024)
	return b.list
}

type budgets struct {
	runs map[string]*Run
	list []Budget
}

func (b *budgets) figure(scenario, server, group, name string) (float64, bool) {
	r := b.runs[scenario+"-"+server]
	if r == nil {
		return 0, false
	}
	return r.Figure(group, name)
}

func (b *budgets) add(name, limit, have string, kept bool) {
	b.list = append(b.list, Budget{name, limit, have, kept})
}

func (b *budgets) ratio(what, scenario, group, name string, limit float64) {
	text := fmt.Sprintf("≤ %.2f × the floor", limit)
	have, ok := b.figure(scenario, measuredServer, group, name)
	least, okFloor := b.figure(scenario, yardstick, group, name)
	if !ok || !okFloor || least == 0 {
		b.add(what, text, "", false)
		return
	}
	b.add(what, text, fmt.Sprintf("%.2f × (%s, floor %s)", have/least, nanosText(have), nanosText(least)), have/least <= limit)
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
	r := b.runs[Idle+"-"+measuredServer]
	if !ok || !okCycle || r == nil {
		b.add(what, text, "", false)
		return
	}
	hold := r.phase(PhaseHold)
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
