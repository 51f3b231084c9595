package capacity

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"halley/bench/wire"
)

// round are costs that are easily reckoned with.
func round() Costs {
	return Costs{
		Delivery: 20 * time.Microsecond, Wire: 72, Reconnect: 100 * time.Microsecond, Held: time.Microsecond, User: 1000, Kernel: 4000, Base: 50e6,
		Forward: 40 * time.Microsecond, BusIn: 20 * time.Microsecond, BusOut: 10 * time.Microsecond, BusWire: 72, Stored: 500 * time.Microsecond, Responding: 1,
	}
}

func big() Node {
	return Node{Cores: 10, Memory: 100e9, Network: 1e9, Files: 1_000_256, Use: 0.5, Spare: 1}
}

func near(got, want float64) bool { return math.Abs(got-want) <= 1e-6*math.Max(math.Abs(want), 1) }

// A million polls of one symbol, five updates a second, conflated to one: a million deliveries a second at 20 µs are 20 cores,
// one more for holding, and a node has five to plan with. So five nodes carry it, with 4.2 cores each, and a sixth may be missing.
func TestWorkedExample(t *testing.T) {
	a := Audience{Subscribers: 1_000_000, Polls: true, Symbols: 1, Follow: 1, Updates: 5, Interval: time.Second, Size: 128}
	p, err := Make(a, round(), big())
	if err != nil {
		t.Fatal(err)
	}
	if p.Needed != 5 || p.Nodes != 6 || p.By != "CPU" {
		t.Errorf("%d nodes of %d by %s", p.Needed, p.Nodes, p.By)
	}
	s := p.PerNode
	for name, pair := range map[string][2]float64{
		"deliveries":            {p.Deliveries, 1_000_000},
		"published":             {p.Published, 5},
		"sent":                  {p.Sent, 200e6},
		"subscribers of a node": {s.Subscribers, 200_000},
		"cores of a node":       {s.Cores, 4 + 0.2 + 4*(20e-6+10e-6)}, // deliveries, holding, one message in five is its own
		"memory of a node":      {s.Memory, 50e6 + 200_000*5000},
		"sent by a node":        {s.Sent, 40e6},
		"bus of a node, in":     {s.BusIn, 4},
		"bus of a node, out":    {s.BusOut, 4},
		"bus bytes of a node":   {s.BusSent, 800},
		"bus":                   {p.Bus, 25}, // six nodes, of which each message reaches five
		"bus bytes":             {p.BusSent, 5000},
		"memory":                {p.Memory, 1_000_000*5000 + 6*50e6},
	} {
		if !near(pair[0], pair[1]) {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
	// A sixth of the clients at 100 µs, on five nodes that have 5.8 cores left.
	if want := 1e6 / 6 * 100e-6 / 5 / (10 - s.Cores); !near(p.Reconnect.Seconds()*1e3, want*1e3) {
		t.Errorf("back after %v, want %v s", p.Reconnect, want)
	}
}

// What decides is what a node has least of, and each thing adds what it costs.
func TestWhatDecides(t *testing.T) {
	base := Audience{Subscribers: 1_000_000, Polls: true, Symbols: 1, Follow: 1, Updates: 5, Interval: time.Second, Size: 128}
	for _, c := range []struct {
		name   string
		change func(a *Audience, c *Costs, n *Node)
		needed int
		by     string
	}{
		{"without conflation", func(a *Audience, _ *Costs, _ *Node) { a.Interval = 0 }, 21, "CPU"},
		{"an interval that changes nothing", func(a *Audience, _ *Costs, _ *Node) { a.Updates = 0.5 }, 3, "CPU"},
		{"every poll forwarded", func(a *Audience, _ *Costs, _ *Node) { a.Forwarded = 1 }, 13, "CPU"},
		{"streams are not forwarded", func(a *Audience, _ *Costs, _ *Node) { a.Forwarded, a.Polls = 1, false }, 5, "CPU"},
		{"ten deliveries a response", func(_ *Audience, c *Costs, _ *Node) { c.Responding = 10 }, 1, "CPU"},
		{"many who come and go", func(a *Audience, _ *Costs, _ *Node) { a.Away = 0.1 }, 7, "CPU"},
		{"history", func(a *Audience, _ *Costs, _ *Node) { a.History, a.Updates = true, 10_000 }, 6, "CPU"},
		{"publishes", func(a *Audience, c *Costs, _ *Node) { a.Updates, c.Publish = 10_000, 3*time.Millisecond }, 11, "CPU"},
		{"memory", func(_ *Audience, _ *Costs, n *Node) { n.Memory = 1e9 }, 12, "memory"},
		{"network", func(_ *Audience, _ *Costs, n *Node) { n.Network = 40e6 }, 11, "network"},
		{"files", func(_ *Audience, _ *Costs, n *Node) { n.Files = 20_000 }, 51, "open files"},
		{"nobody to speak of", func(a *Audience, _ *Costs, _ *Node) { a.Subscribers = 1 }, 1, "CPU"},
	} {
		a, costs, n := base, round(), big()
		c.change(&a, &costs, &n)
		p, err := Make(a, costs, n)
		if err != nil || p.Needed != c.needed || p.By != c.by {
			t.Errorf("%s: %+v, %v, want %d by %s", c.name, p, err, c.needed, c.by)
		}
	}
}

// One node alone tells nobody anything; with an external server each message leaves its node once.
func TestBus(t *testing.T) {
	a := Audience{Subscribers: 1000, Symbols: 10, Follow: 1, Updates: 10, Size: 100}
	n := big()
	n.Spare = 0
	p, err := Make(a, round(), n)
	if err != nil || p.Bus != 0 || p.Reconnect != 0 || p.PerNode.BusOut != 0 {
		t.Errorf("%+v %v", p, err)
	}
	n.External, n.Files = true, 756
	if p, err = Make(a, round(), n); err != nil || p.Nodes != 2 || p.PerNode.BusOut != 50 || p.PerNode.BusIn != 50 {
		t.Errorf("%+v %v", p, err)
	}
}

func TestWhatCannotBePlanned(t *testing.T) {
	for name, change := range map[string]func(a *Audience, c *Costs, n *Node){
		"nobody":                func(a *Audience, _ *Costs, _ *Node) { a.Subscribers = 0 },
		"more than all symbols": func(a *Audience, _ *Costs, _ *Node) { a.Follow = 2 },
		"a share above 1":       func(a *Audience, _ *Costs, _ *Node) { a.Forwarded = 1.5 },
		"no use":                func(_ *Audience, _ *Costs, n *Node) { n.Use = 0 },
		"no files":              func(_ *Audience, _ *Costs, n *Node) { n.Files = 256 },
		"nothing for nothing":   func(_ *Audience, c *Costs, _ *Node) { c.Delivery = 0 },
		"empty responses":       func(_ *Audience, c *Costs, _ *Node) { c.Responding = 0 },
		"a bus that fills them": func(a *Audience, c *Costs, _ *Node) {
			a.Updates, a.Interval, c.Publish = 1e6, time.Hour, time.Millisecond
		},
	} {
		a, c, n := Audience{Subscribers: 1000, Symbols: 1, Follow: 1, Updates: 1, Size: 100}, round(), big()
		change(&a, &c, &n)
		if p, err := Make(a, c, n); !errors.Is(err, ErrAudience) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// The plan says what was measured of a cluster of six processes with 100,000 polls: bench/README.md has the run.
func TestMeasuredCluster(t *testing.T) {
	a := Audience{Subscribers: 100_000, Polls: true, Symbols: 1, Follow: 1, Updates: 1, Size: 128}
	p, err := Make(a, measured(t, wire.LongPolling), Node{Cores: 2, Memory: 24 << 30, Network: 10e9 / 8, Files: 20_000, Use: 1})
	if err != nil || p.Nodes != 6 || p.By != "open files" {
		t.Fatalf("%+v, %v", p, err)
	}
	const nodes = 6
	memory := (figure(t, "cluster-peak") + 100_000*figure(t, "cluster-kernel")/2) / nodes
	if got := p.PerNode.Memory / memory; got < 0.9 || got > 1.1 {
		t.Errorf("the memory planned is %.2f of what was measured", got)
	}
	// Six processes and the generator have two cores together there, and a delivery costs by half more than that of a process on a core.
	if got := nodes * p.PerNode.Cores * 1e9 / (100_000 * figure(t, "cluster-delivery")); got < 0.6 || got > 1.6 {
		t.Errorf("the CPU planned is %.2f of what was measured", got)
	}
	costs := measured(t, wire.LongPolling)
	stands(t, "| memory of all nodes in the process | %s |", size(p.Memory-100_000*costs.Kernel))
	stands(t, "| in the kernel, a connection | %s |", size(costs.Kernel))
	stands(t, "| CPU of a message to all | %.1f s |", nodes*p.PerNode.Cores)
}

// stands checks that bench/README.md has a text, which changes with the list of figures.
func stands(t *testing.T, format string, args ...any) {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if text := fmt.Sprintf(format, args...); err != nil || !strings.Contains(string(readme), text) {
		t.Errorf("bench/README.md does not have %q %v", text, err)
	}
}

// The plan says what other servers' records say, as far as these tell their machines: within a factor of two of their nodes, with
// nothing kept back.
func TestPublishedRecords(t *testing.T) {
	for _, c := range []struct {
		name  string
		a     Audience
		n     Node
		nodes int    // of the record
		says  string // of the plan in bench/README.md, with MEMORY of a node and CORES of all
	}{
		{"Centrifugo, a million idle websockets", Audience{Subscribers: 1_000_000, Symbols: 1, Follow: 1}, Node{Cores: 16, Memory: 30 << 30}, 1, "| 1: MEMORY, the record"},
		{"Centrifugo, a million on 20 pods of 1.25 cores at 12,500 deliveries a second and core", Audience{Subscribers: 1_000_000, Symbols: 1, Follow: 1, Updates: 0.25},
			Node{Cores: 1, Memory: 4 << 30}, 20, "| CORES cores |"},
		{"MigratoryData, 12 million at a message a minute", Audience{Subscribers: 12_000_000, Symbols: 1, Follow: 1, Updates: 1.0 / 60, Size: 512}, Node{Cores: 16, Memory: 96 << 30}, 1, "| 1: MEMORY and CORES cores |"},
		{"Caplin, 100,000 at a message a second", Audience{Subscribers: 100_000, Symbols: 1, Follow: 1, Updates: 1}, Node{Cores: 8, Memory: 32 << 30}, 1, "| 1; 1: CORES and "},
		{"Caplin, 40,000 at ten", Audience{Subscribers: 40_000, Symbols: 1, Follow: 1, Updates: 10}, Node{Cores: 8, Memory: 32 << 30}, 1, " and CORES cores |"},
		{"Caplin, 12,000 at fifty", Audience{Subscribers: 12_000, Symbols: 1, Follow: 1, Updates: 50}, Node{Cores: 8, Memory: 32 << 30}, 1, "| 1: CORES cores |"},
		{"CometD, 50,000 polls at 20,000 a second", Audience{Subscribers: 50_000, Polls: true, Symbols: 1, Follow: 1, Updates: 0.4}, Node{Cores: 8, Memory: 32 << 30}, 1, "| 1: CORES of a core |"},
	} {
		c.n.Network, c.n.Files, c.n.Use = 10e9/8, 20_000_000, 1
		style := wire.WebSocket
		if c.a.Polls {
			style = wire.LongPolling
		}
		p, err := Make(c.a, measured(t, style), c.n)
		if err != nil || p.Nodes > 2*c.nodes {
			t.Errorf("%s: %+v, %v", c.name, p, err)
			continue
		}
		stands(t, "%s", strings.NewReplacer("MEMORY", size(p.PerNode.Memory), "CORES", fmt.Sprintf("%.1f", float64(p.Nodes)*p.PerNode.Cores)).Replace(c.says))
		t.Logf("%s: %d nodes, record %d; %.2f cores and %s each", c.name, p.Nodes, c.nodes, p.PerNode.Cores, size(p.PerNode.Memory))
	}
}

// What is taken for granted stands under the figures.
func TestText(t *testing.T) {
	a := Audience{Subscribers: 1_000_000, Polls: true, Symbols: 100, Follow: 5, Updates: 5, Interval: time.Second, Size: 128}
	for _, c := range []struct {
		change func(a *Audience, n *Node)
		says   []string
	}{
		{func(*Audience, *Node) {}, []string{"nodes  22, 21 of which are needed: CPU decides", "5,000,000/s", "conflation at 1s leaves 1 of 5 messages",
			"0 % of the polls come to another node", "95 % where it deals out requests", "no channel has a history", "are back after"}},
		{func(a *Audience, n *Node) { a.Interval, a.Polls, a.History, n.External = 0, false, true, true }, []string{"every message reaches", "an external NATS server", "is stored by the cluster"}},
		{func(a *Audience, n *Node) { n.Spare, n.Use = 0, 1 }, []string{"nodes  11, 11 of which"}},
		{func(a *Audience, n *Node) { a.Subscribers, n.Spare = 1, 0 }, []string{"nodes  1, 1 of which"}},
		{func(a *Audience, n *Node) { n.Use, n.Spare = 1, 0; n.Cores = 101; a.Subscribers = 1_900_000 }, []string{"would find no CPU left"}},
	} {
		b, n := a, big()
		c.change(&b, &n)
		p, err := Make(b, round(), n)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := p.Text(&out); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.says {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		}
	}
}

func TestNumbersAsText(t *testing.T) {
	for v, want := range map[float64]string{12: "12 B", 2048: "2.0 KiB", 3 << 30: "3.0 GiB", 5 << 40: "5.0 TiB", 1 << 60: "1048576.0 TiB"} {
		if got := size(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	if count(1234567.2) != "1,234,567" || count(12) != "12" {
		t.Error(count(1234567.2))
	}
}
