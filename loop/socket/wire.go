// Proved by TestTLSAgainstPlain and TestHandshakesAreBounded.

package socket

import (
	"net"
	"time"
)

// wire is the connection that crypto/tls sees below a TLS socket. During the handshake a goroutine reads and waits there;
// from then on the loop alone, which reads from whole records that have come, and never waits.
type wire struct {
	scratch *Scratch
	shaking *shaking // nil once the handshake is over
}

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	if w.shaking != nil {
		return w.shaking.read(p)
	}
	return w.scratch.read(p)
}

// Write implements net.Conn. What is written waits for the loop.
func (w *wire) Write(p []byte) (int, error) {
	if w.shaking != nil {
		w.shaking.write(p)
	} else {
		w.scratch.out = append(w.scratch.out, p...)
	}
	return len(p), nil
}

// RemoteAddr implements net.Conn, for functions of the configuration that ask during the handshake.
func (w *wire) RemoteAddr() net.Addr {
	if w.shaking == nil {
		return &net.TCPAddr{}
	}
	return net.TCPAddrFromAddrPort(w.shaking.peer)
}

// LocalAddr implements net.Conn; nobody asks.
func (*wire) LocalAddr() net.Addr { return &net.TCPAddr{} }

// Close implements net.Conn: the loop closes.
func (*wire) Close() error { return nil }

// SetDeadline implements net.Conn: the loop has deadlines of its own.
func (*wire) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn likewise.
func (*wire) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn likewise.
func (*wire) SetWriteDeadline(time.Time) error { return nil }

// errWait says that a whole record has not come. It is the one kind of error that crypto/tls forgets.
var errWait net.Error = waits{}

type waits struct{}

// Error implements error.
func (waits) Error() string { return "no whole record has come" }

// Timeout implements net.Error.
func (waits) Timeout() bool { return true }

// Temporary implements net.Error: Read may be called again.
func (waits) Temporary() bool { return true }
