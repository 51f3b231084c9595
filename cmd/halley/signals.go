// Proved by TestServerOutlivesItsLogAndHangups and TestHangupReloads.

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"halley/cmd/halley/reload"
)

// ignoreSignals lets no signal end the server but those that ask it to stop: a log
// that nobody reads any more does not (SIGPIPE), nor does a terminal that is closed
// or a supervisor that wants the configuration read again before the server is ready for
// it (SIGHUP), or a successor started (SIGUSR2). What is ignored stays so when the program starts once more.
func ignoreSignals() { signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP, syscall.SIGUSR2) }

// reloadOn has the parts of the server read again whenever a signal says so, until ctx is done.
func reloadOn(ctx context.Context, hangups <-chan os.Signal, parts *reload.Parts, super supervisor) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			super.reload(parts)
		}
	}
}
