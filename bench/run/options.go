// Proved by TestTasksCoverAllSubscribers and TestScenarios.

package run

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"halley/bench/client"
	"halley/bench/plan"
	"halley/bench/report"
	"halley/bench/wire"
)

// Options say what to run against which server.
type Options struct {
	Scenario       string // idle, fanout, saturate, ticker, churn or soak
	Label          string
	URLs           []string // one, or one for each node: subscribers and publishers are dealt out to them in turn
	PublishURLs    []string // of internal listeners, for publishers in turn
	CA             string   // file of the authorities of https servers
	ConnectionType string
	Connections    int // per subscriber
	Suffixes       bool
	Path, Hello    string // of clients without a session, as in client.Config
	Channel        string // with {symbol} where a ticker's symbol goes

	Subscribers int
	Messages    int // 0 takes the scenario's default
	Rate        float64
	Size        int
	Publishers  int
	Symbols     int
	Follow      int
	Zipf        float64
	Seed        uint64
	Feed        *FeedFile
	Asks        Asks

	Duration  time.Duration // of saturate, churn and soak
	HoldFor   time.Duration // how long idle keeps each plateau
	Steps     []int         // plateaus of idle
	After     time.Duration // how long idle watches the server after the clients have gone
	Settle    time.Duration // pause between ramp and publishing
	Drain     time.Duration // give up when nothing arrives for so long
	Churners  int
	ChurnRate float64
	KillRate  float64
	MaxGrowth float64 // bytes by which the server's memory may grow in an hour; 0 judges nothing

	ConnectRate float64
	Connecting  int
	Sources     int
	Processes   int

	PIDs          []int
	ServerCommand string
	Commit        string
	Flags         []string
}

// Options that are missing get these values.
const (
	defaultSize  = 128
	defaultDrain = 10 * time.Second
)

// ErrOptions says that options contradict each other or are out of range.
var ErrOptions = errors.New("options")

// Scenarios are the names that Options.Scenario may have.
func Scenarios() []string {
	return []string{"idle", "fanout", "saturate", "ticker", "churn", "soak"}
}

func (o *Options) check() error {
	_, err := wire.ParseStyle(o.ConnectionType)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrOptions, err)
	case !slices.Contains(Scenarios(), o.Scenario):
		return fmt.Errorf("%w: no scenario %q", ErrOptions, o.Scenario)
	case min(o.Subscribers, o.Messages, o.Size, o.Churners) < 0 || o.Rate < 0:
		return fmt.Errorf("%w: numbers must not be negative", ErrOptions)
	case o.Connections < 1 || o.Connections > 2:
		return fmt.Errorf("%w: a subscriber has 1 or 2 connections, not %d", ErrOptions, o.Connections)
	case !strings.HasPrefix(o.Channel, "/"):
		return fmt.Errorf("%w: the channel %q does not begin with /", ErrOptions, o.Channel)
	case o.Path != "" && !strings.HasPrefix(o.Path, "/"):
		return fmt.Errorf("%w: the path %q does not begin with /", ErrOptions, o.Path)
	case len(o.URLs) == 0:
		return fmt.Errorf("%w: no URL of a server", ErrOptions)
	case o.ServerCommand != "" && len(o.PIDs) > 0:
		return fmt.Errorf("%w: give a pid or a server command, not both", ErrOptions)
	case o.ServerCommand != "" && len(o.URLs) > 1:
		return fmt.Errorf("%w: a server command is for one URL; start several nodes beforehand, and name their pids", ErrOptions)
	}
	return o.checkAsks()
}

// Sockets is how many connections each subscriber has: what was asked for, unless the
// connection type knows better.
func (o *Options) Sockets() int {
	style, err := wire.ParseStyle(o.ConnectionType)
	if err != nil {
		return o.Connections
	}
	return style.Connections(o.Connections)
}

func (o *Options) setDefaults() {
	o.Connections = o.Sockets()
	o.Processes = max(o.Processes, 1)
	o.Publishers = max(o.Publishers, len(o.PublishURLs), 1)
	if o.Size == 0 {
		o.Size = defaultSize
	}
	if o.Drain == 0 {
		o.Drain = defaultDrain
	}
	if o.Scenario == "soak" && o.Messages == 0 {
		o.Messages = int(o.Rate * o.Duration.Seconds())
	}
	if o.Scenario == "idle" {
		o.Steps = plateaus(o.Steps, o.Subscribers)
	}
	if o.Scenario == "churn" || o.Scenario == "soak" {
		o.Churners = max(o.Churners, 1)
	}
	if !slices.Contains([]string{"churn", "soak"}, o.Scenario) {
		o.Churners = 0
	}
}

// plateaus ends at all subscribers and begins, unless told otherwise, at a ninth of
// them, which is far enough apart for a slope.
func plateaus(steps []int, all int) []int {
	if len(steps) == 0 {
		steps = []int{(all + 8) / 9}
	}
	var rising []int
	for _, n := range steps {
		if n > 0 && n < all {
			rising = append(rising, n)
		}
	}
	slices.Sort(rising)
	return append(rising, all)
}

// layout is the channels of a run and who follows them.
type layout struct {
	symbols *plan.Symbols
	names   []string
	ticks   int // messages of a recorded feed
}

func (o *Options) layout() (layout, error) {
	if o.Feed == nil {
		y := plan.NewSymbols(o.Channel, o.Symbols, o.Follow, o.Zipf, o.Seed)
		l := layout{symbols: y}
		for k := range y.Count() {
			l.names = append(l.names, y.Name(k))
		}
		return l, nil
	}
	if !strings.Contains(o.Channel, "{symbol}") {
		return layout{}, fmt.Errorf("%w: a recorded feed needs {symbol} in the channel", ErrOptions)
	}
	feed, err := o.Feed.Load()
	if err != nil {
		return layout{}, err
	}
	l := layout{symbols: plan.NewSymbols(o.Channel, len(feed.Symbols), o.Follow, 0, o.Seed), ticks: len(feed.Ticks)}
	for _, name := range feed.Symbols {
		l.names = append(l.names, strings.ReplaceAll(o.Channel, "{symbol}", name))
	}
	return l, nil
}

// tasks splits the run among its processes. The first one publishes.
func (o *Options) tasks(l layout, start int64, run uint32) []Task {
	style, _ := wire.ParseStyle(o.ConnectionType) // check has seen it
	tasks := make([]Task, o.Processes)
	for i := range tasks {
		first, size := plan.Share(o.Subscribers, o.Processes, i)
		_, churners := plan.Share(o.Churners, o.Processes, i)
		stalled, more := plan.Share(o.Asks.Stalled, o.Processes, i)
		tasks[i] = Task{
			Start: start, Pattern: o.Channel, Symbols: l.symbols.Count(), Follow: o.Follow, Exponent: o.Zipf, Seed: o.Seed,
			Client: client.Config{
				URLs: o.URLs, PublishURLs: o.PublishURLs, CA: o.CA, Style: style, Connections: o.Connections, Suffixes: o.Suffixes, Path: o.Path, Hello: o.Hello,
				Names: l.names, First: first, Subscribers: size, Churners: churners,
				Total: o.Subscribers, Slow: o.Asks.Slow, Habits: o.habits(), SlowHabits: o.slowHabits(), Stalled: o.stalled()[stalled : stalled+more],
				Run: run, Size: o.Size, Connecting: o.Connecting, Sources: o.Sources,
			},
		}
	}
	tasks[publisher].Client.Publishers = min(o.Publishers, len(l.names))
	tasks[publisher].Feed = o.Feed
	return tasks
}

func (o *Options) plan(l layout) report.Plan {
	messages := o.Messages
	if o.Feed != nil {
		messages = l.ticks
	}
	return report.Plan{
		Subscribers: o.Subscribers, Connections: o.Connections, ConnectionType: o.ConnectionType,
		Symbols: l.symbols.Count(), Follow: l.symbols.PerSubscriber(),
		Slow: o.Asks.Slow, Stalled: o.Asks.Stalled, Asked: o.Asks.text(),
		Messages: messages, Rate: o.Rate, Size: o.Size, Processes: o.Processes, Nodes: len(o.URLs),
	}
}
