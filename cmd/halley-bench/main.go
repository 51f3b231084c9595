// Command halley-bench is a load generator for Bayeux servers: it holds subscribers,
// publishes by plan, reconciles every delivery and reports latency and the server's cost.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"halley/bench/capacity"
	"halley/bench/run"
)

// The exit statuses, as documented in the help.
const (
	exitFailed  = 1 // the run could not be carried out
	exitUsage   = 2 // bad flags
	exitUnequal = 3 // something was lost, doubled, reordered, refused or never sent, or churn cycles failed
)

type commands struct {
	Print kong.VersionFlag `name:"version" help:"Print version, commit and Go version."`

	Idle     idleCommand     `cmd:"" help:"Ramp up to N held subscribers, hold them, prove with one message that all are alive."`
	Fanout   fanoutCommand   `cmd:"" help:"Publish M messages at R a second to N subscribers of one channel, in an open loop."`
	Saturate saturateCommand `cmd:"" help:"Publish the next message when the last has reached everyone."`
	Ticker   tickerCommand   `cmd:"" help:"K symbols, each subscriber on S of them, T ticks a second, or a recorded feed."`
	Churn    churnCommand    `cmd:"" help:"Clients that connect, handshake, subscribe and disconnect over and over."`
	Soak     soakCommand     `cmd:"" help:"A ticker together with churn and killed connections, for a set time."`
	Baseline baselineCommand `cmd:"" help:"Run a goroutine-per-connection long-poll server to compare with, or with --versus measure it side by side with another."`
	Floor    floorCommand    `cmd:"" help:"Build and run the least server that does the same bytes: a bare epoll loop in C (needs gcc)."`
	Plan     planCommand     `cmd:"" help:"Work out nodes, memory and traffic between nodes for an audience, from measured costs."`
	Report   reportCommand   `cmd:"" help:"Show one recorded run, or compare several as ratios to the first."`
	Budgets  budgetsCommand  `cmd:"" help:"Check a standard set of recorded runs against the server's budgets."`
	Version  versionCommand  `cmd:"" help:"Print version, commit and Go version."`
	Worker   workerCommand   `cmd:"" hidden:"" help:"A generator process of --procs."`
}

// errUnequal says that a run took place and its books do not balance.
var errUnequal = errors.New("the run failed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	parser := kong.Must(&c, kong.Name("halley-bench"),
		kong.Description("Load generator for Bayeux servers. Exit status: 0 done, 1 failed, 2 bad flags, 3 the run took place and failed."),
		kong.Vars{"version": describeBuild()}, kong.UsageOnError(), kong.Exit(func(code int) {
			if code != 0 {
				code = exitUsage
			}
			os.Exit(code)
		}))
	chosen, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "halley-bench:", err)
		os.Exit(exitUsage)
	}
	chosen.BindTo(ctx, (*context.Context)(nil))
	os.Exit(status(chosen.Run()))
}

func status(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUnequal):
		return exitUnequal
	}
	fmt.Fprintln(os.Stderr, "halley-bench:", err)
	if errors.Is(err, run.ErrOptions) || errors.Is(err, capacity.ErrAudience) {
		return exitUsage
	}
	return exitFailed
}
