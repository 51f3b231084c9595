// Proved by TestServerOutlivesItsLogAndHangups.

package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// ignoreSignals lets no signal end the server but those that ask it to stop: a log
// that nobody reads any more does not (SIGPIPE), nor does a terminal that is closed
// or a supervisor that wants the configuration read again (SIGHUP). What is ignored
// stays so when the program starts once more.
func ignoreSignals() { signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP) }

// noteHangups tells those who send SIGHUP what it does.
func noteHangups(ctx context.Context, log *slog.Logger) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			log.Warn("SIGHUP does nothing: the configuration is read at the start only; SIGTERM drains and ends the server")
		}
	}
}
