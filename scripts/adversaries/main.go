// Command adversaries sets ill-behaved clients on a server beside well-behaved ones, and judges by what the server counts:
// nobody well-behaved is cut, nothing is lost, no turn of a loop works without a bound, memory stays below its limit.
// Times are told, never judged.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// options are the flags.
type options struct {
	Halley     string        `required:"" help:"The program halley."`
	Neighbours int           `default:"500" help:"Well-behaved subscribers."`
	Together   bool          `help:"All adversaries at once, against one server, instead of one at a time."`
	For        time.Duration `default:"0s" help:"How long each repeats its attack; 0 is once."`
	Every      time.Duration `default:"50ms" help:"Time between two events for the well-behaved ones."`
	Quiet      time.Duration `default:"0s" help:"How long the server is measured before the attack."`
	Slower     float64       `default:"0" help:"So many times as long as in that time their events may take, at the 99th percentile; 0 judges no time."`
	Mutations  int           `default:"5000" help:"Requests and frames that are damaged and sent."`
	Seed       uint64        `default:"1" help:"What the damage goes by."`
	Files      int           `default:"0" help:"The server's limit of open files; 0 leaves it."`
	Full       bool          `help:"What is asked of a release: 2,000 subscribers, 100,000 mutations, times judged, and all of it again at a limit of files that is reached."`
	MaxMemory  string        `default:"512MiB" help:"--max-memory of the server."`
	List       bool          `help:"Print the names and leave."`
	Names      []string      `arg:"" optional:"" help:"Which ones; all by default."`
}

// adversary is one kind of ill-behaved client. attack is called again while its time
// lasts, and ends when ctx does; what the server refuses is no error.
type adversary struct {
	name    string
	what    string                                       // in words
	flags   []string                                     // of the server
	prepare func(dir string) (flags []string, err error) // further flags, by way of files in dir; may be nil
	fill    func(ctx context.Context, s *server) error   // what the operator's own programs have published before; may be nil
	attack  func(ctx context.Context, s *server) error
	judge   func(last figures) (faults []string) // what else the server must have counted; may be nil
}

// adversaries are all that there are.
func (o *options) adversaries() []adversary {
	return []adversary{
		samePatterns(), manyPatterns(1000), manyIntervals(), manyReplays(),
		framesElsewhere(), longInterval(), neverAcknowledges(), neverReads(), fillsAndLeaves(300), largeBodies(),
		addressFloods(), manyConnections(2 * time.Second), slowHeads(), mutated(o.Mutations, o.Seed), guesses(), tlsGarbage(), tlsFloods(), slowTLS(),
	}
}

var errFailed = errors.New("at least one check failed")

func main() {
	var o options
	kong.Parse(&o, kong.Name("adversaries"), kong.Description("Ill-behaved clients against a server beside well-behaved ones."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "adversaries:", err)
		os.Exit(1)
	}
}

func (o *options) run(ctx context.Context) error {
	if o.Full {
		o.Neighbours, o.Mutations, o.Every, o.Quiet, o.Slower = 2000, 100_000, time.Second, 30*time.Second, 2
		o.For = max(o.For, fullTime)
	}
	chosen, err := choose(o.adversaries(), o.Names)
	if err != nil {
		return err
	}
	if o.List {
		for _, a := range chosen {
			fmt.Printf("%-20s %s\n", a.name, a.what)
		}
		return nil
	}
	failed, err := o.each(ctx, chosen)
	if o.Full && err == nil {
		o.Files = fullFiles
		again, e := o.each(ctx, chosen)
		failed, err = failed || again, e
	}
	switch {
	case err != nil:
		return err
	case failed:
		return errFailed
	}
	return ctx.Err()
}

// fullFiles is a limit of open files that 2,000 subscribers nearly reach, beside the files that the server keeps back.
const fullFiles = 2600

// fullTime is how long each attack lasts at least, so that events are measured meanwhile.
const fullTime = 10 * time.Second

// each runs one group of adversaries after the other, and tells whether any has found a fault.
func (o *options) each(ctx context.Context, chosen []adversary) (failed bool, err error) {
	groups := make([][]adversary, 0, len(chosen))
	if o.Together {
		groups = append(groups, chosen)
	} else {
		for _, a := range chosen {
			groups = append(groups, []adversary{a})
		}
	}
	for _, group := range groups {
		r, err := o.against(ctx, group)
		if err != nil {
			return failed, err
		}
		r.print(os.Stdout)
		failed = failed || len(r.faults) > 0
	}
	return failed, nil
}

// choose finds adversaries by name.
func choose(all []adversary, names []string) (chosen []adversary, err error) {
	if len(names) == 0 {
		return all, nil
	}
	for _, name := range names {
		found := false
		for _, a := range all {
			if a.name == name {
				chosen, found = append(chosen, a), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no adversary %q: see --list", name)
		}
	}
	return chosen, nil
}
