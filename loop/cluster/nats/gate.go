// Proved by TestGate.

package nats

import (
	"net"
	"sync"
	"sync/atomic"

	natsgo "github.com/nats-io/nats.go"
)

// What may wait for the goroutine that reads. NATS' client knows no bound in bytes for a channel, and drops what has no place in it.
// So nothing more is read of a connection that has brought this much: the server keeps what comes then, and after --cluster-buffer's
// like of its own (64 MiB) ends the connection, which is told as a loss.
const (
	mostUnread      = 1 << 16 // messages, as many as the channel has room for
	mostUnreadYet   = mostUnread / 2
	mostUnreadBytes = 32 << 20
)

// gate is a connection to NATS that is not read from while too much of it waits.
type gate struct {
	net.Conn
	messages chan *natsgo.Msg // to the goroutine that reads
	bytes    atomic.Int64     // that were read and are not handled, about
	waits    atomic.Bool      // somebody waits for room
	room     chan struct{}
	closing  sync.Once
	closed   chan struct{}
}

func newGate(conn net.Conn, messages chan *natsgo.Msg) *gate {
	return &gate{Conn: conn, messages: messages, room: make(chan struct{}, 1), closed: make(chan struct{})}
}

// Read reads once there is room.
func (g *gate) Read(p []byte) (int, error) {
	for g.full() {
		g.waits.Store(true)
		if !g.full() { // it may have come to be so before that was known
			break
		}
		select {
		case <-g.room:
		case <-g.closed:
			return 0, net.ErrClosed
		}
	}
	g.waits.Store(false)
	n, err := g.Conn.Read(p)
	g.bytes.Add(int64(n))
	return n, err
}

// full tells whether too much waits. With no whole message there, more of the next one is read in any case.
func (g *gate) full() bool {
	waiting := len(g.messages)
	return waiting > mostUnreadYet || waiting > 0 && g.bytes.Load() > mostUnreadBytes
}

// handled notes that a message was handled. The lines between messages are counted with the next that finds none waiting.
func (g *gate) handled(m *natsgo.Msg) {
	if len(g.messages) == 0 {
		g.bytes.Store(0)
	} else {
		g.bytes.Add(-int64(m.Size()))
	}
	if g.waits.Load() {
		select {
		case g.room <- struct{}{}:
		default:
		}
	}
}

// Close closes the connection, and lets go who waits for room.
func (g *gate) Close() error {
	g.closing.Do(func() { close(g.closed) })
	return g.Conn.Close()
}
