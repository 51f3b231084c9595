// Command halley is a Comet server that speaks Bayeux, and the commands around
// it: serve, pub, sub, doctor and version.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	relax := func(slack time.Duration, log *slog.Logger) error { return relaxTimers(ctx, slack, log) }
	code := run(environment{ctx, os.Stdin, os.Stdout, os.Stderr, relax}, os.Args[1:])
	os.Exit(code)
}
