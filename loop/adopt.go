package loop

// Proved by TestUnixSocket, TestUnixSocketAlone and TestUnixSocketAtTheLimit.

import (
	"context"
	"net"

	"github.com/panjf2000/gnet/v2"

	"halley/loop/listen"
)

// adopter gives the connections of adopted listeners to the loops, in turn.
type adopter struct {
	loops *loops
	next  int
}

// serve accepts the connections of one listener until ctx is done.
func (a *adopter) serve(ctx context.Context, from adopted) {
	listen.Accept(ctx, from, func(ctx context.Context, conn net.Conn) { a.take(ctx, from.number, conn) }, a.loops.shared.cfg.Log)
}

// take gives a connection to a loop, and waits until it is there: so no more than one is on its way.
func (a *adopter) take(ctx context.Context, number int, conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetKeepAliveConfig(a.loops.shared.cfg.keptAlive())
	}
	for ctx.Err() == nil {
		bound := *a.loops.bound.Load()
		if a.next++; len(bound) > 0 {
			err := bound[a.next%len(bound)].executor.enroll(gnet.NewContext(ctx, listenerNumber(number)), conn)
			if err != errNoLoop {
				return
			}
		}
		sleep(ctx, bindPause) // until the loops of the next engine are there
	}
	conn.Close()
}
