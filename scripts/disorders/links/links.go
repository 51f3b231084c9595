// Package links is TCP connections that can be cut and healed: each link forwards what comes to its address to another one.
package links

import (
	"net"
	"sync"
	"time"
)

// State is what a link does.
type State uint8

// The states of a link.
const (
	Whole  State = iota // it forwards
	Broken              // connections are reset, and new ones too
	Silent              // nothing passes, and nobody is told; what waits goes on when the link is whole again
)

// Link forwards connections. Its methods may be called by any goroutine.
type Link struct {
	listener net.Listener
	target   string
	dialer   net.Dialer
	running  sync.WaitGroup

	mu    sync.Mutex
	turn  *sync.Cond // the state has changed
	state State
	ended bool
	conns map[net.Conn]struct{}
}

// Open listens on an address and forwards to target, from the address source if that is not empty.
func Open(listen, target, source string) (*Link, error) {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, err
	}
	l := &Link{listener: listener, target: target, dialer: net.Dialer{Timeout: 2 * time.Second}, conns: make(map[net.Conn]struct{})}
	if source != "" {
		l.dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(source)}
	}
	l.turn = sync.NewCond(&l.mu)
	l.running.Go(l.accept)
	return l, nil
}

// Address is where the link listens.
func (l *Link) Address() string { return l.listener.Addr().String() }

// Set changes the state.
func (l *Link) Set(s State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state = s; s == Broken {
		l.reset()
	}
	l.turn.Broadcast()
}

// Close ends the link and waits until nothing of it runs.
func (l *Link) Close() {
	l.listener.Close()
	l.mu.Lock()
	l.ended = true
	l.reset()
	l.turn.Broadcast()
	l.mu.Unlock()
	l.running.Wait()
}

// reset ends all connections, so that their peers see it at once. The caller has the lock.
func (l *Link) reset() {
	for c := range l.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // else it is a quiet end, which is as good
		}
		c.Close()
	}
	clear(l.conns)
}

func (l *Link) accept() {
	for {
		c, err := l.listener.Accept()
		if err != nil {
			return
		}
		if l.keep(c) {
			l.running.Go(func() { l.forward(c) })
		}
	}
}

// keep notes a connection, unless the link is broken.
func (l *Link) keep(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == Broken || l.ended {
		c.Close()
		return false
	}
	l.conns[c] = struct{}{}
	return true
}

func (l *Link) drop(c net.Conn) {
	c.Close()
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
}

// forward joins a connection to the target. A silent link opens it when it is whole again.
func (l *Link) forward(near net.Conn) {
	defer l.drop(near)
	if !l.pass() {
		return
	}
	far, err := l.dialer.Dial("tcp", l.target)
	if err != nil || !l.keep(far) {
		return
	}
	defer l.drop(far)
	back := make(chan struct{})
	go func() {
		defer close(back)
		l.copy(near, far)
		near.Close() // so that the other direction ends, too
	}()
	l.copy(far, near)
	far.Close()
	<-back
}

// copy carries bytes one way until either end is gone.
func (l *Link) copy(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if !l.pass() {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pass waits while the link is silent, and tells whether it is whole then.
func (l *Link) pass() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.state == Silent && !l.ended {
		l.turn.Wait()
	}
	return l.state == Whole && !l.ended
}
