package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// sealed is the TLS of one connection. A goroutine shakes hands, since a handshake of crypto/tls cannot wait for the rest of
// its input elsewhere; then the reactor drives it, and nothing waits.
type sealed struct {
	tls  *tls.Conn
	pipe *pipe
}

// trust is how servers are checked.
func trust(ca string) (*tls.Config, error) {
	config := new(tls.Config)
	if ca == "" {
		return config, nil
	}
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, fmt.Errorf("authorities: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("authorities: no certificate in PEM is in %s", ca)
	}
	return config, nil
}

// newSealed makes the TLS of a connection, whose bytes go out by write.
func newSealed(config *tls.Config, write func([]byte)) *sealed {
	p := &pipe{write: write, waits: true}
	p.come.L = &p.mu
	return &sealed{tls.Client(p, config), p}
}

// open reads what is in the pipe into b, until b is full or nothing is left, which it reports.
func (s *sealed) open(b []byte) (n int, all bool, err error) {
	for n < len(b) {
		m, err := s.tls.Read(b[n:])
		n += m
		switch {
		case errors.Is(err, errEmpty):
			return n, true, nil
		case errors.Is(err, io.EOF):
			return n, true, errClosed
		case err != nil:
			return n, true, err
		}
	}
	return n, false, nil
}

// errEmpty says that the pipe has nothing now. crypto/tls forgets no such error, unless it is a net.Error that passes.
var errEmpty net.Error = empty{}

type empty struct{}

// Error implements error.
func (empty) Error() string { return "nothing has come" }

// Timeout implements net.Error.
func (empty) Timeout() bool { return true }

// Temporary implements net.Error.
func (empty) Temporary() bool { return true }

// pipe is the connection below TLS: the reactor puts in what it has read from the socket, and is given what is to be
// written.
type pipe struct {
	write func([]byte)

	mu    sync.Mutex
	come  sync.Cond
	in    []byte
	err   error // of the socket
	waits bool  // a read waits: during the handshake
}

// put adds what has been read.
func (p *pipe) put(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.in = append(p.in, b...)
	p.come.Broadcast()
}

// end says that nothing more comes.
func (p *pipe) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
	p.come.Broadcast()
}

// shaken has reads wait no more, and writes go elsewhere.
func (p *pipe) shaken(write func([]byte)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waits, p.write = false, write
}

// Read implements net.Conn.
func (p *pipe) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.in) == 0 && p.err == nil && p.waits {
		p.come.Wait()
	}
	switch {
	case len(p.in) > 0:
	case p.err != nil:
		return 0, p.err
	default:
		return 0, errEmpty
	}
	n := copy(b, p.in)
	if p.in = p.in[n:]; len(p.in) == 0 {
		p.in = nil
	}
	return n, nil
}

// Write implements net.Conn.
func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	write := p.write
	p.mu.Unlock()
	write(b)
	return len(b), nil
}

// Close implements net.Conn: the reactor closes the socket.
func (p *pipe) Close() error { return nil }

// LocalAddr implements net.Conn.
func (p *pipe) LocalAddr() net.Addr { return &net.TCPAddr{} }

// RemoteAddr implements net.Conn.
func (p *pipe) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// SetDeadline implements net.Conn: the fleet watches over silence.
func (p *pipe) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (p *pipe) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }
