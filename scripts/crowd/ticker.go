// Proved by TestTicker and TestProxyProcesses.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"

	"halley/scripts/nodes"
	"halley/scripts/roundrobin/proxy"
)

type tickerCommand struct {
	programs
	Nodes       int    `default:"3" help:"Processes of the cluster."`
	Subscribers int    `default:"12000" help:"Subscribers that get at most a message of a symbol in a second, by a rule."`
	Quick       int    `default:"300" help:"Subscribers that get every row."`
	CSV         string `name:"csv" required:"" help:"The recorded feed."`
	From        string `default:"9h30m" help:"Where it begins."`
	To          string `default:"9h45m" help:"Where it ends."`
	Speed       string `default:"60" help:"How many times as fast as recorded."`
	Roundrobin  string `help:"The program of scripts/roundrobin: a process before each node's share of the subscribers, since one has too few files. Without it one proxy runs in this process."`
}

// tickerRule has those on /stock/ get prices now and then; on /raw/ is every row.
const tickerRule = "/stock/* rate=1/s"

// Run has two generators at work at the same time, each with the whole feed.
func (c *tickerCommand) Run(ctx context.Context, out io.Writer) error {
	// Two cores may be seconds behind with ten million deliveries. What waits then is to be kept, not refused.
	flags := []string{"--rule", tickerRule, "--queue-messages", "200000", "--queue-bytes", "64MiB", "--cluster-outbox", "512MiB", "--max-mailbox", "256MiB"}
	return c.with(ctx, c.Nodes, flags, func(all []*nodes.Node) error {
		fronts, end, err := c.fronts(ctx, all)
		defer end()
		if err != nil {
			return err
		}
		var quick, slow bytes.Buffer
		var failed [2]error
		var working sync.WaitGroup
		for i, arguments := range [][]string{
			c.arguments(all, fronts, "raw", c.Quick),
			append(c.arguments(all, fronts, "stock", c.Subscribers), "--conflated", "all"),
		} {
			to := []*bytes.Buffer{&quick, &slow}[i]
			working.Go(func() {
				command := exec.CommandContext(ctx, c.Bench, arguments...)
				command.Stdout, command.Stderr = to, os.Stderr
				if err := command.Run(); err != nil {
					failed[i] = fmt.Errorf("halley-bench, %s: %w", arguments[len(arguments)-1], err)
				}
			})
		}
		working.Wait()
		_, err = fmt.Fprintf(out, "every row:\n%s\nprices now and then:\n%s\n", &quick, &slow)
		return errors.Join(err, failed[0], failed[1])
	})
}

// arguments have the subscribers of one kind follow all symbols through the proxies, while the first node takes the feed.
func (c *tickerCommand) arguments(all []*nodes.Node, fronts []string, kind string, subscribers int) []string {
	arguments := []string{"ticker", "--quiet", "--csv", c.CSV, "--from", c.From, "--to", c.To, "--speed", c.Speed, "--messages", "0", "--follow", "4",
		"--channel", "/" + kind + "/{symbol}", "--subscribers", fmt.Sprint(subscribers), "--drain", "1m", "--settle", "5s", "--label", kind,
		"--publish-url", "http://" + all[0].Internal() + "/publish"}
	for _, front := range fronts {
		arguments = append(arguments, "--url", "http://"+front+"/bayeux")
	}
	for _, n := range all {
		arguments = append(arguments, "--pid", fmt.Sprint(n.PID()))
	}
	return append(arguments, c.record(kind)...)
}

// fronts starts the proxies, and returns where they listen and what ends them.
func (c *tickerCommand) fronts(ctx context.Context, all []*nodes.Node) (addresses []string, end func(), err error) {
	var backends []string
	for _, n := range all {
		backends = append(backends, n.Public())
	}
	if c.Roundrobin == "" {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, func() {}, err
		}
		server := proxy.New(backends...).Server()
		go server.Serve(listener)
		return []string{listener.Addr().String()}, func() { server.Close() }, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	var running []*exec.Cmd
	end = func() {
		cancel()
		for _, command := range running {
			_ = command.Wait() // by the signal
		}
	}
	for range all {
		command := exec.CommandContext(ctx, c.Roundrobin, backends...)
		said, err := command.StdoutPipe()
		if err != nil {
			return nil, end, err
		}
		if err := command.Start(); err != nil {
			return nil, end, fmt.Errorf("roundrobin: %w", err)
		}
		running = append(running, command)
		var address string
		if _, err := fmt.Fscanln(said, &address); err != nil {
			return nil, end, fmt.Errorf("roundrobin: %w", err)
		}
		addresses = append(addresses, address)
	}
	return addresses, end, nil
}
