// Command roundrobin hands each request of a connection on to another node than the one before:
//
//	roundrobin [-listen HOST:PORT] NODE…
//
// It prints the address that it listens on, and on SIGINT or SIGTERM what it has done.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"halley/scripts/roundrobin/proxy"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "roundrobin:", err)
		os.Exit(1)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("roundrobin", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "where clients come to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("no node is named")
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	balancer := proxy.New(flags.Args()...)
	server := balancer.Server()
	defer context.AfterFunc(ctx, func() { server.Close() })()
	fmt.Fprintln(out, listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	counts := balancer.Counts()
	fmt.Fprintf(out, "requests by node %v, %d broken off, %d times a node was not there\n", counts.Taken, counts.Failed, counts.Skipped)
	return nil
}
