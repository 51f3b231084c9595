package internalhttp

import (
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// HealthConnections are kept for the health checks beside Options.Connections, so
// that no publisher who keeps its connection open stands before them.
const HealthConnections = 16

// socket is a listening socket that tells its connections apart: those above the
// limit are for health checks alone.
type socket struct {
	net.Listener
	limit int64
	open  atomic.Int64
	close func() error // does it once: fasthttp and Shutdown both do
	log   *slog.Logger
}

func newSocket(ln net.Listener, limit int, log *slog.Logger) *socket {
	return &socket{Listener: ln, limit: int64(limit), close: sync.OnceValue(ln.Close), log: log}
}

// Close implements net.Listener.
func (s *socket) Close() error { return s.close() }

// acceptPause is how long a socket waits when the system can give no connection.
const acceptPause = 100 * time.Millisecond

// Accept implements net.Listener. What the system cannot give now is asked for
// again: fasthttp would listen no more.
func (s *socket) Accept() (net.Conn, error) {
	for told := false; ; told = true {
		c, err := s.Listener.Accept()
		if err == nil {
			return &visitor{Conn: c, from: s, spare: s.open.Add(1) > s.limit}, nil
		}
		if !passing(err) {
			return nil, err
		}
		if !told {
			s.log.Error("internal listener: no connection can be accepted; trying on", "error", err)
		}
		time.Sleep(acceptPause)
	}
}

// passing tells whether an error of accept(2) is one that goes by.
func passing(err error) bool {
	return slices.ContainsFunc([]error{
		unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOBUFS, unix.EPROTO, unix.ENETDOWN, unix.ECONNABORTED, unix.EPERM,
	}, func(one error) bool { return errors.Is(err, one) })
}

// visitor is a connection of the socket.
type visitor struct {
	net.Conn
	from  *socket
	spare bool // above the limit
	left  atomic.Bool
}

// healthPatience is how long a connection of those that are kept for health checks may
// say nothing: such a check sends its request at once, and there are few.
const healthPatience = time.Second

// SetReadDeadline implements net.Conn.
func (v *visitor) SetReadDeadline(t time.Time) error {
	if soon := time.Now().Add(healthPatience); v.spare && (t.IsZero() || t.After(soon)) {
		t = soon
	}
	return v.Conn.SetReadDeadline(t)
}

// Close implements net.Conn.
func (v *visitor) Close() error {
	if v.left.CompareAndSwap(false, true) {
		v.from.open.Add(-1)
	}
	return v.Conn.Close()
}
