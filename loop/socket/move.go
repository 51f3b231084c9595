package socket

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Moving is a Socket between two loops: what of it is not the kernel's.
type Moving struct {
	file *os.File
	tls  *TLS
	in   []byte
}

var (
	errFixed = errors.New("this kind of socket does not move")
	// ErrReset says that the peer has gone meanwhile.
	ErrReset = errors.New("the peer has reset the connection")
)

// Left is the context of a connection that closes since it has left: that is no end of it.
type Left struct{}

// Leave takes a socket, of which all output has left, out of its loop, together with the input that waits. For that loop it has
// closed then. After an error everything is as before: files may be short.
func Leave(s Socket) (m *Moving, err error) {
	m = new(Moving)
	switch s := s.(type) {
	case *Plain:
	case *Ahead:
	case *TLS:
		if s.wire.shaking != nil {
			return nil, errFixed
		}
		m.tls = s
	default:
		return nil, errFixed
	}
	number, err := unix.FcntlInt(uintptr(s.Conn().Fd()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("a copy of the socket: %w", err)
	}
	m.file = os.NewFile(uintptr(number), "moving")
	if m.tls != nil {
		m.tls.leave()
	} else if s.Buffered() > 0 {
		m.in = append(m.in, s.Peek(-1)...)
	}
	conn := s.Conn()
	conn.gnet.SetContext(Left{})
	conn.Close()
	return m, nil
}

// Conn is the connection for package net, with the keep-alive that it had: the package sets another one. Each is a copy, so the
// next one is as good if this one is of no use.
func (m *Moving) Conn(alive net.KeepAliveConfig) (net.Conn, error) {
	conn, err := net.FileConn(m.file)
	if err != nil {
		return nil, err
	}
	if conn.RemoteAddr() == nil { // with which gnet's Enroll would panic
		conn.Close()
		return nil, ErrReset
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetKeepAliveConfig(alive)
	}
	return conn, nil
}

// Close drops the copy that was kept for Conn.
func (m *Moving) Close() { m.file.Close() }

// Drop says that the socket arrives nowhere.
func (m *Moving) Drop() {
	if m.tls != nil {
		m.tls.places.open.Add(-1)
	}
}

// Arrive is the socket in its new loop, above plain, which must not move in memory. scratch is that of the loop.
func (m *Moving) Arrive(plain *Plain, scratch *Scratch) Socket {
	switch {
	case m.tls != nil:
		m.tls.plain, m.tls.wire.scratch = plain, scratch
		return m.tls
	case len(m.in) > 0:
		return &Ahead{plain, m.in}
	}
	return plain
}

// leave takes what the loop has of the socket with it.
func (t *TLS) leave() {
	if t.wire.scratch.owner == t {
		t.keep()
	}
	if t.plain.Buffered() > 0 {
		t.early = append(t.early, t.plain.Peek(-1)...)
		t.plain.Discard(-1)
	}
}

// Wants tells whether err says that files are short, which goes by.
func Wants(err error) bool { return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) }
