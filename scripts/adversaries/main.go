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
	MaxMemory  string        `default:"512MiB" help:"--max-memory of the server."`
	List       bool          `help:"Print the names and leave."`
	Names      []string      `arg:"" optional:"" help:"Which ones; all by default."`
}

// adversary is one kind of ill-behaved client. attack is called again while its time
// lasts, and ends when ctx does; what the server refuses is no error.
type adversary struct {
	name   string
	what   string   // in words
	flags  []string // of the server
	attack func(ctx context.Context, s *server) error
}

// adversaries are all that there are.
func adversaries() []adversary {
	return []adversary{
		samePatterns(), manyPatterns(1000), manyIntervals(), manyReplays(),
		framesElsewhere(), longInterval(), neverAcknowledges(), neverReads(), fillsAndLeaves(300), largeBodies(),
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
	chosen, err := choose(o.Names)
	if err != nil {
		return err
	}
	if o.List {
		for _, a := range chosen {
			fmt.Printf("%-20s %s\n", a.name, a.what)
		}
		return nil
	}
	failed := false
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
			return err
		}
		r.print(os.Stdout)
		failed = failed || len(r.faults) > 0
	}
	if failed {
		return errFailed
	}
	return ctx.Err()
}

// choose finds adversaries by name.
func choose(names []string) (chosen []adversary, err error) {
	all := adversaries()
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
