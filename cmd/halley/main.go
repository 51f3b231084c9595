// Command halley is a Comet server that speaks Bayeux, and the commands around
// it: serve, pub, sub, doctor, health, cluster, token, version, and what is printed of the flags.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"halley/cmd/halley/system"
)

func main() {
	system.KeepName()
	hangups, successions := make(chan os.Signal, 1), make(chan os.Signal, 1)
	told := make(chan os.Signal, 1)
	signal.Notify(told, system.StopSignals()...)
	ctx, stop := signal.NotifyContext(context.Background(), system.StopSignals()...)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	settle := func(slack time.Duration, log *slog.Logger) error {
		system.IgnoreSignals()
		if err := system.RelaxTimers(told, slack, log); err != nil {
			return err
		}
		signal.Stop(told)
		signal.Notify(hangups, syscall.SIGHUP)
		signal.Notify(successions, syscall.SIGUSR2)
		return nil
	}
	os.Exit(run(environment{ctx: ctx, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, settle: settle, hangups: hangups, successions: successions}, os.Args[1:]))
}
