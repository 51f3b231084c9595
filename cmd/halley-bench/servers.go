// Proved by TestBaselineSideBySide.

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"halley/bench/baseline"
	"halley/bench/floor"
	"halley/bench/report"
	"halley/bench/run"
)

type baselineCommand struct {
	common
	Listen   string        `help:"Address to listen on." default:"127.0.0.1:8090"`
	Hold     time.Duration `help:"How long a connect is held." default:"30s"`
	Versus   bool          `help:"Measure a fanout on the baseline and then on the server of --url, and print both with their ratio."`
	Messages int           `help:"Messages to publish with --versus." default:"10"`
	Rate     float64       `help:"Messages a second with --versus." default:"1"`
}

// Run serves with a goroutine for each connection, or measures such a server beside another.
func (c *baselineCommand) Run(ctx context.Context) error {
	if c.Versus {
		return c.versus(ctx)
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	server := baseline.New(c.Hold)
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	fmt.Fprintf(os.Stderr, "baseline: goroutine per connection, on http://%s/bayeux\n", listener.Addr())
	err = server.Serve(listener)
	if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// versus runs the same fanout on the baseline and on the other server.
func (c *baselineCommand) versus(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	other := c.options("fanout")
	other.Messages, other.Rate = c.Messages, c.Rate
	own := other
	own.Label, own.URLs, own.PublishURLs, own.PIDs = "baseline", []string{"http://" + c.Listen + "/bayeux"}, nil, nil
	own.ServerCommand = fmt.Sprintf("'%s' baseline --listen %s --hold %v", self, c.Listen, c.Hold)
	var runs []*report.Run
	for _, o := range []run.Options{own, other} {
		r, err := c.measure(ctx, o)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	if c.HTML != "" {
		if err := writeHTML(c.HTML, runs...); err != nil {
			return err
		}
	}
	if err := report.Compare(os.Stdout, runs); err != nil {
		return err
	}
	if runs[0].Fault != "" || runs[1].Fault != "" {
		fmt.Printf("\nbaseline %s\nother    %s\n", runs[0].Verdict(), runs[1].Verdict())
		return errUnequal
	}
	return nil
}

type floorCommand struct {
	Listen string        `help:"Address to listen on." default:"127.0.0.1:8091"`
	Hold   time.Duration `help:"How long a connect is held." default:"30s"`
}

// Run builds the floor and becomes it, so that the process that was started is the one to measure.
func (c *floorCommand) Run() error {
	dir, err := os.MkdirTemp("", "halley-floor")
	if err != nil {
		return err
	}
	program, err := floor.Build(dir)
	if err != nil {
		os.RemoveAll(dir)
		return err
	}
	file, err := os.Open(program)
	if err != nil {
		return err
	}
	defer file.Close()
	os.RemoveAll(dir) // the open file keeps the program until it runs
	path := fmt.Sprintf("/proc/self/fd/%d", file.Fd())
	return syscall.Exec(path, []string{"floor", "--listen", c.Listen, "--hold", fmt.Sprintf("%g", c.Hold.Seconds())}, os.Environ())
}
