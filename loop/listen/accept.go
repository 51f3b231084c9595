// Proved by TestAcceptOutlivesFaults.

package listen

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"
)

// The pause after a fault of accept: it goes by, as a want of files does.
const (
	firstPause   = 10 * time.Millisecond
	longestPause = time.Second
)

// Accept hands the connections of a listener to take, one after the other, until ctx is done or the listener closed.
// take has them, whatever becomes of them. A fault is logged when it begins.
func Accept(ctx context.Context, from net.Listener, take func(context.Context, net.Conn), log *slog.Logger) {
	stop := context.AfterFunc(ctx, func() { from.Close() })
	defer stop()
	pause := firstPause
	for {
		conn, err := from.Accept()
		switch {
		case err == nil:
			pause = firstPause
			take(ctx, conn)
			continue
		case errors.Is(err, net.ErrClosed):
			return
		case pause == firstPause:
			log.Warn("connections wait: none can be accepted", "address", from.Addr(), "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}
