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
)

type baselineCommand struct {
	Listen string        `help:"Address to listen on." default:"127.0.0.1:8090"`
	Hold   time.Duration `help:"How long a connect is held." default:"30s"`
}

func (c *baselineCommand) Run(ctx context.Context) error {
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
