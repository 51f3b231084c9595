// Proved by TestPolls.

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"

	"halley/scripts/nodes"
)

type pollsCommand struct {
	programs
	Nodes       int    `default:"6" help:"Processes of the cluster."`
	Subscribers int    `default:"100000" help:"Held polls in all."`
	Procs       int    `default:"6" help:"Processes of the generator, each of which must have fewer files than its limit."`
	Type        string `default:"long-polling" help:"Connection type."`
	HoldFor     string `default:"10s" help:"How long each plateau is held."`
}

// Run holds the polls, has one message reach all, and prints what the generator says.
func (c *pollsCommand) Run(ctx context.Context, out io.Writer) error {
	return c.with(ctx, c.Nodes, nil, func(all []*nodes.Node) error {
		command := exec.CommandContext(ctx, c.Bench, c.arguments(all)...)
		command.Stdout, command.Stderr = out, os.Stderr
		if err := command.Run(); err != nil {
			return fmt.Errorf("halley-bench: %w", err)
		}
		return nil
	})
}

// arguments have the subscribers spread over the nodes, whose memory is watched.
func (c *pollsCommand) arguments(all []*nodes.Node) []string {
	arguments := []string{"idle", "--quiet", "--subscribers", fmt.Sprint(c.Subscribers), "--procs", fmt.Sprint(c.Procs), "--connection-type", c.Type,
		"--hold-for", c.HoldFor, "--drain", "1m", "--publish-url", "http://" + all[0].Internal() + "/publish", "--label", fmt.Sprint(c.Nodes, " nodes")}
	for _, n := range all {
		arguments = append(arguments, "--url", "http://"+n.Public()+"/bayeux", "--pid", fmt.Sprint(n.PID()))
	}
	return append(arguments, c.record("polls")...)
}
