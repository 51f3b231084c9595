// Proved by TestServerOutlivesItsLogAndHangups and TestHangupReloads.

package main

import (
	"context"
	"os"

	"halley/cmd/halley/reload"
	"halley/cmd/halley/system"
)

// reloadOn has the parts of the server read again whenever a signal says so, until ctx is done.
func reloadOn(ctx context.Context, hangups <-chan os.Signal, parts *reload.Parts, super system.Supervisor) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			super.Reload(parts)
		}
	}
}
