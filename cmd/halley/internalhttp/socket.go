// Proved by TestIdleConnectionsGiveWay.

package internalhttp

import (
	"container/list"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sys/unix"
)

// HealthConnections are kept for the health checks beside Options.Connections, so
// that no publisher who keeps its connection open stands before them.
const HealthConnections = 16

// socket is a listening socket that tells its connections apart: those above the
// limit are for health checks, and for requests that find another connection idle.
type socket struct {
	net.Listener
	limit int64
	open  atomic.Int64
	close func() error // does it once: fasthttp and Shutdown both do
	log   *slog.Logger
	mu    sync.Mutex // guards idle
	idle  list.List  // *visitor: those between two requests, the longest idle first
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

// moved notes that a connection has come between two requests, or to the next one, as
// fasthttp tells.
func moved(c net.Conn, to fasthttp.ConnState) {
	v, ok := c.(*visitor)
	switch {
	case !ok || v.spare:
	case to == fasthttp.StateIdle:
		v.rest()
	case to == fasthttp.StateActive:
		v.wake()
	}
}

// makeRoom closes the connection that has been idle the longest, for another that has a
// request; false if none is idle. One whose next request has come already is not.
func (s *socket) makeRoom() bool {
	v := s.longestIdle()
	if v == nil {
		return false
	}
	v.Close()
	return true
}

// longestIdle is the visitor that has been idle the longest, which is from now on evicted;
// nil if none is idle.
func (s *socket) longestIdle() *visitor {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.idle.Front(); e != nil; e = e.Next() {
		if v := e.Value.(*visitor); !waiting(v.Conn) {
			s.idle.Remove(e)
			v.state.Store(evicted)
			return v
		}
	}
	return nil
}

// waiting tells whether input of a connection waits in the kernel.
func waiting(c net.Conn) (waits bool) {
	if secured, is := c.(*tls.Conn); is {
		c = secured.NetConn()
	}
	file, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return false
	}
	raw.Control(func(fd uintptr) {
		n, err := unix.IoctlGetInt(int(fd), unix.SIOCINQ)
		waits = err == nil && n > 0
	})
	return waits
}

// visitor is a connection of the socket.
type visitor struct {
	net.Conn
	from    *socket
	spare   bool // above the limit
	left    atomic.Bool
	state   atomic.Int32  // one of the following
	resting *list.Element // of from.idle while it is idle
}

// What a visitor does.
const (
	busy    = iota // with a request, or its first one has not come
	idle           // it is between two requests
	evicted        // it was closed while it was idle
)

// rest notes that the visitor is idle.
func (v *visitor) rest() {
	v.from.mu.Lock()
	defer v.from.mu.Unlock()
	if v.state.CompareAndSwap(busy, idle) {
		v.resting = v.from.idle.PushBack(v)
	}
}

// wake notes that the next request comes; false if it comes too late.
func (v *visitor) wake() bool {
	if v.state.Load() == busy {
		return true
	}
	v.from.mu.Lock()
	defer v.from.mu.Unlock()
	if !v.state.CompareAndSwap(idle, busy) {
		return v.state.Load() == busy
	}
	v.from.idle.Remove(v.resting)
	return true
}

// takePlace makes the visitor one of those within the limit, if another gives it its
// place. The rest of its request has the usual patience.
func (v *visitor) takePlace(patience time.Duration) bool {
	if v.spare = !v.from.makeRoom(); v.spare {
		return false
	}
	v.SetReadDeadline(time.Now().Add(patience))
	return true
}

// Read implements net.Conn.
func (v *visitor) Read(p []byte) (int, error) {
	n, err := v.Conn.Read(p)
	if n > 0 && !v.wake() {
		return 0, net.ErrClosed
	}
	return n, err
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
		v.wake() // it is idle no more
	}
	return v.Conn.Close()
}
