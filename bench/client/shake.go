// Proved by TestOverTLS and TestHandshakesThatFail.

package client

import (
	"crypto/tls"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// seal gives a socket that is dialled its TLS. What the goroutine of the handshake has to write comes back to the loop: the
// descriptor may be another socket's by then, and only the loop knows.
func (r *reactor) seal(fd int, config *tls.Config) {
	generation := r.conns[fd].generation
	r.conns[fd].sealed = newSealed(config, func(b []byte) {
		b = slices.Clone(b)
		r.post(func() {
			if r.alive(fd, generation) {
				r.writeRaw(fd, b)
			}
		})
	})
}

// shake begins the handshake of a socket that is connected.
func (r *reactor) shake(fd int) {
	c := &r.conns[fd]
	c.phase = shaking
	s, generation := c.sealed, c.generation
	go func() {
		err := s.tls.Handshake()
		r.post(func() {
			if r.alive(fd, generation) {
				r.shaken(fd, err)
			}
		})
	}()
}

// shaken goes on when a handshake has ended.
func (r *reactor) shaken(fd int, err error) {
	if err != nil {
		r.fail(fd, fmt.Errorf("TLS handshake: %w", err))
		return
	}
	c := &r.conns[fd]
	c.sealed.pipe.shaken(func(b []byte) { r.cipher = append(r.cipher, b...) })
	c.phase = open
	r.handler.opened(fd)
}

// feed takes what has come during a handshake.
func (r *reactor) feed(fd int) {
	n, err := unix.Read(fd, r.input)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return
	case err == nil && n > 0:
		r.conns[fd].sealed.pipe.put(r.input[:n])
		return
	case err == nil:
		err = errClosed
	}
	r.conns[fd].sealed.pipe.end(err)
	r.watch(fd, 0) // the handshake will fail
}

// unseal reads from a socket with TLS what has arrived, and hands on what is complete.
func (r *reactor) unseal(fd int, clock Clock) {
	c := &r.conns[fd]
	n, err := unix.Read(fd, r.input)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return
	case err != nil || n == 0:
		if err == nil {
			err = errClosed
		}
		r.fail(fd, err)
		return
	}
	c.sealed.pipe.put(r.input[:n])
	generation := c.generation
	for all := false; !all; {
		kept := copy(r.input, c.in)
		n, all, err = c.sealed.open(r.input[kept:])
		r.writeSealed(fd) // what TLS has to answer by itself, before anything is written elsewhere
		if n > 0 {
			rest := r.input[:kept+n]
			consumed := r.handler.received(fd, rest, clock.Now())
			if !r.alive(fd, generation) {
				return
			}
			if c = &r.conns[fd]; !r.keep(fd, rest[consumed:]) {
				return
			}
		}
	}
	if err != nil {
		r.fail(fd, err)
	}
}

// writeSealed sends what TLS has made.
func (r *reactor) writeSealed(fd int) {
	if len(r.cipher) > 0 {
		r.writeRaw(fd, r.cipher)
		r.cipher = r.cipher[:0]
	}
}
