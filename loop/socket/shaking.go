// Proved by TestHandshakesAreBounded, TestInputAheadOfHandshake, TestIdentity and TestFailures.

package socket

import (
	"container/list"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// shaking is a TLS handshake: the loop brings what comes and sends what goes, a goroutine does the rest. Neither touches what
// is the other's but under the lock.
type shaking struct {
	places *Handshakes
	wake   func() // has the loop call Advance and Receive; any goroutine may call it
	peer   netip.AddrPort
	begun  bool // its first record has come: it has a place, or waits for one
	ended  bool // and counted

	conn  *tls.Conn
	place *list.Element // in the queue, nil once it is out; under the lock of places
	stall stall         // likewise

	mu      sync.Mutex
	more    sync.Cond
	in      []byte // records that were not read
	left    int    // bytes of the first of them, if some of it was read
	out     []byte // written and not sent
	closed  bool   // the connection has closed
	stalled bool   // its client was too slow while others waited
	result  *result
}

// result is how a handshake has ended.
type result struct {
	err      error
	resumed  bool
	identity string
}

// NewTLS makes an encrypted socket of plain, whose loop uses scratch. Wake has that loop call Advance and Receive, as long
// as the connection is open; any goroutine may call it.
func (h *Handshakes) NewTLS(plain *Plain, scratch *Scratch, wake func()) *TLS {
	s := &shaking{places: h, wake: wake, peer: plain.conn.Peer()}
	s.more.L = &s.mu
	return &TLS{plain: plain, places: h, wire: wire{scratch: scratch, shaking: s}}
}

// Shaking tells whether the handshake is under way.
func (t *TLS) Shaking() bool { return t.wire.shaking != nil }

// Advance sends what the handshake has to say, and tells whether it has ended well just now. The connection may have closed.
func (t *TLS) Advance() bool {
	s := t.wire.shaking
	if s == nil {
		return false
	}
	if done, err := t.say(s); !done || err != nil {
		return false
	}
	s.end(nil)
	t.conn, t.early, t.identity = s.conn, s.in, s.result.identity
	t.wire.shaking = nil
	t.wire.scratch.lent.takeBack(t.conn)
	return true
}

// say sends what the goroutine has written. Done tells that it has ended, and err why it failed, or that sending did.
func (t *TLS) say(s *shaking) (done bool, err error) {
	out, result := s.take()
	if len(out) > 0 {
		if err := t.plain.Write(out); err != nil {
			return true, err
		}
	}
	if result == nil {
		return false, nil
	}
	return true, result.err
}

// Expire counts that the time of a handshake is over, before the connection is closed for it.
func (t *TLS) Expire() {
	if s := t.wire.shaking; s != nil {
		s.end(errLate)
	}
}

// shake takes in what has come during the handshake.
func (t *TLS) shake() error {
	s := t.wire.shaking
	if _, err := t.say(s); err != nil {
		return s.end(err)
	}
	if t.plain.Buffered() == 0 {
		return nil
	}
	view := t.plain.Peek(-1)
	if !s.begun {
		if err := refusal(view); err != nil {
			return s.end(err)
		}
		if firstRecord(view) == 0 {
			return nil
		}
	}
	s.feed(view)
	t.plain.Discard(-1)
	if s.held() > t.places.most {
		return s.end(errFlood)
	}
	if !s.begun {
		if s.begun = true; !t.begin(s) {
			return s.end(ErrFull)
		}
	}
	return nil
}

// begin has the handshake worked out. False means that too many are.
func (t *TLS) begin(s *shaking) bool {
	s.conn = tls.Server(&t.wire, t.places.config)
	if t.places.begin(s) {
		return true
	}
	t.plain.Write([]byte(AlertBusy))
	return false
}

// end counts how the handshake has ended, once, and returns that.
func (s *shaking) end(err error) error {
	if !s.ended {
		s.ended = true
		s.places.count(s, err)
	}
	return err
}

// close ends the handshake with its connection.
func (s *shaking) close() {
	s.mu.Lock()
	s.closed = true
	s.in, s.out = nil, nil
	s.more.Broadcast()
	s.mu.Unlock()
	if s.begun {
		s.places.leave(s)
		s.end(errLeft)
	}
}

// feed brings what has come.
func (s *shaking) feed(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in = append(s.in, p...)
	s.more.Signal()
}

// held is how many bytes wait for the handshake.
func (s *shaking) held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.in)
}

// take gives what was written, and how the handshake has ended, nil as long as it is under way.
func (s *shaking) take() (out []byte, ended *result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out, s.out = s.out, nil
	return out, s.result
}

// read gives crypto/tls bytes of the present record, and waits for it to come whole. Others compute meanwhile.
func (s *shaking) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 && !s.arrived() {
		s.mu.Unlock()
		s.places.rest()
		s.places.await(s)
		s.places.work()
		s.mu.Lock()
	}
	if s.closed {
		return 0, net.ErrClosed
	}
	if s.stalled {
		return 0, errLate
	}
	if s.left == 0 {
		s.left = firstRecord(s.in)
	}
	n := copy(p, s.in[:s.left])
	s.in, s.left = s.in[n:], s.left-n
	return n, nil
}

// await waits for a whole record, or the end of the connection.
func (s *shaking) await() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.arrived() {
		s.more.Wait()
	}
}

// arrived tells whether there is something to read. The lock is held.
func (s *shaking) arrived() bool { return s.closed || s.stalled || firstRecord(s.in) > 0 }

// write has the loop send p.
func (s *shaking) write(p []byte) {
	s.mu.Lock()
	wakes := len(s.out) == 0 && !s.closed
	s.out = append(s.out, p...)
	s.mu.Unlock()
	if wakes {
		s.wake()
	}
}

// run works the handshake out, on a goroutine.
func (s *shaking) run() {
	r := &result{err: s.handshake()}
	if r.err == nil {
		state := s.conn.ConnectionState()
		r.resumed, r.identity = state.DidResume, identityOf(&state)
		if protocol := state.NegotiatedProtocol; protocol != "" && protocol != http11 {
			s.conn.CloseWrite() // it has got all that there is, such as the answer to a challenge of ACME
			r.err = errNotHTTP
		}
	}
	s.mu.Lock()
	s.result = r
	closed := s.closed
	s.mu.Unlock()
	if !closed {
		s.wake()
	}
}

// handshake is that of crypto/tls. A panic in a function of the configuration fails it.
func (s *shaking) handshake() (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	s.places.work()
	defer s.places.rest()
	return s.conn.Handshake()
}

// identityOf is what a certificate that was verified says of the client: the common name of its subject, or else the first URI
// or DNS name.
func identityOf(state *tls.ConnectionState) string {
	if len(state.VerifiedChains) == 0 {
		return ""
	}
	leaf := state.PeerCertificates[0]
	switch {
	case leaf.Subject.CommonName != "":
		return leaf.Subject.CommonName
	case len(leaf.URIs) > 0:
		return leaf.URIs[0].String()
	case len(leaf.DNSNames) > 0:
		return leaf.DNSNames[0]
	}
	return ""
}
