package listen

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// Filer is a listening socket of which others can have copies.
type Filer interface {
	File() (*os.File, error)
}

// Leavable is a listening socket that can be left to another process, which has a copy of it: from then on no connection
// comes of it here. Whoever serves it hears of its end only when it is closed.
type Leavable struct {
	net.Listener
	left   atomic.Bool
	closed chan struct{}
	once   sync.Once
}

// NewLeavable is l, to be left.
func NewLeavable(l net.Listener) *Leavable {
	return &Leavable{Listener: l, closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *Leavable) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil && l.left.Load() {
		<-l.closed
	}
	return conn, err
}

// Leave leaves the socket to others.
func (l *Leavable) Leave() {
	l.left.Store(true)
	l.Listener.Close()
}

// Close implements net.Listener.
func (l *Leavable) Close() error {
	l.once.Do(func() { close(l.closed) })
	if err := l.Listener.Close(); !l.left.Load() {
		return err
	}
	return nil
}

// File is a copy of the socket.
func (l *Leavable) File() (*os.File, error) {
	return l.Listener.(Filer).File()
}
