// Proved by TestDemo and TestFirstLines.

package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"halley/cmd/halley/feed"
	"halley/cmd/halley/internalhttp"
	"halley/loop"
)

// demo publishes a synthetic market to /stock/SYMBOL until ctx is done. A tick
// that a busy server does not take is left out, as the next one makes up for
// it.
func demo(ctx context.Context, to internalhttp.Publisher, market *feed.Market, log *slog.Logger) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	due := time.Now()
	for {
		tick, wait := market.Next()
		due = due.Add(wait)
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return
		case now := <-timer.C:
			if now.Sub(due) > time.Second {
				due = now // after a pause of the host: do not catch up
			}
			err := to.Publish([]loop.Publication{{
				Channel: []byte("/stock/" + tick.Symbol),
				Data:    tick.AppendJSON(nil, now.UnixMilli()),
			}})
			if err != nil && !errors.Is(err, loop.ErrBusy) && !errors.Is(err, loop.ErrClosed) {
				log.Error("demo feed", "channel", "/stock/"+tick.Symbol, "error", err)
			}
		}
	}
}
