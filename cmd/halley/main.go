// Command halley is a Comet server that speaks Bayeux, and the commands around
// it: serve, pub, sub, doctor and version.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"time"
)

func main() {
	keepName()
	told := make(chan os.Signal, 1)
	signal.Notify(told, stopSignals()...)
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	settle := func(slack time.Duration, log *slog.Logger) error {
		ignoreSignals()
		if err := relaxTimers(told, slack, log); err != nil {
			return err
		}
		signal.Stop(told)
		go noteHangups(ctx, log)
		return nil
	}
	os.Exit(run(environment{ctx, os.Stdin, os.Stdout, os.Stderr, settle}, os.Args[1:]))
}
