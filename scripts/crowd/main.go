// Command crowd measures a cluster of several processes with more subscribers than one process may have files for: held polls that
// one message reaches (polls), and a recorded feed to subscribers who get every row and to those who get prices now and then,
// through proxies without stickiness (ticker).
//
// Proved by TestPolls and TestNodesThatDoNotStart.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"halley/scripts/nodes"
)

// programs are the flags of both commands.
type programs struct {
	Halley string        `required:"" help:"The program halley."`
	Bench  string        `required:"" help:"The program halley-bench."`
	Start  time.Duration `default:"1m" help:"How long the nodes may take until they are ready."`
	Keep   string        `help:"Folder for the logs of the nodes, in place of one that is removed." placeholder:"DIR"`
	JSON   string        `name:"json" help:"Write the records of halley-bench into this folder." placeholder:"DIR"`
}

type commands struct {
	Polls  pollsCommand  `cmd:"" help:"Held polls of a cluster, and one message to all."`
	Ticker tickerCommand `cmd:"" help:"A recorded feed through proxies without stickiness."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	chosen := kong.Parse(&c, kong.Name("crowd"), kong.Description("More subscribers than one process may have."))
	chosen.BindTo(ctx, (*context.Context)(nil))
	chosen.BindTo(os.Stdout, (*io.Writer)(nil))
	if err := chosen.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "crowd:", err)
		os.Exit(1)
	}
}

// record is the flag by which halley-bench writes a record of a name, if records are wanted.
func (p *programs) record(name string) []string {
	if p.JSON == "" {
		return nil
	}
	return []string{"--json", filepath.Join(p.JSON, name+".json")}
}

// with runs a cluster of so many nodes while work goes on, and tells of panics that they have logged.
func (p *programs) with(ctx context.Context, count int, flags []string, work func(all []*nodes.Node) error) error {
	dir := p.Keep
	if dir == "" {
		temporary, err := os.MkdirTemp("", "crowd")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		dir = temporary
	}
	all := nodes.NewNetwork(os.Getpid()).Cluster(p.Halley, dir, count, nil, append(flags, "--log-level", "warn")...)
	defer nodes.EndAll(all)
	start, cancel := context.WithTimeout(ctx, p.Start)
	defer cancel()
	if err := nodes.StartAll(start, all); err != nil {
		return err
	}
	if err := work(all); err != nil {
		return err
	}
	for _, n := range all {
		if !n.Alive() {
			return fmt.Errorf("%s has ended\n%s", n.Name, n.Tail())
		}
		if lines := n.Panics(); len(lines) > 0 {
			return fmt.Errorf("%s", lines[0])
		}
	}
	return nil
}
