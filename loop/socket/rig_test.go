package socket

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// certified is a server's configuration with a certificate of its own, and its clients', who trust that.
func certified(t testing.TB, subject pkix.Name, uris ...string) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject, DNSNames: []string{"halley.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, text := range uris {
		uri, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		template.URIs = append(template.URIs, uri)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	pair := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	return &tls.Config{Certificates: []tls.Certificate{pair}}, &tls.Config{RootCAs: pool, ServerName: "halley.test"}
}

// rig is a socket without a network. Its lock stands for the loop, and what the client writes comes split as split says.
type rig struct {
	net.Conn // the client's end
	mu       sync.Mutex
	more     sync.Cond
	gnet     *memory
	socket   Socket
	split    func(n int) int // how many of n bytes come next
	sent     []byte          // to the client, and not read
	over     bool            // the client reads to the end of sent
	err      error           // of Receive
	seen     func()          // called after each Receive
}

// memory is gnet's connection of a rig.
type memory struct {
	gnet.Conn
	rig      *rig
	in, out  []byte
	blocked  bool // what is written waits
	shutdown bool
}

func (m *memory) EventLoop() gnet.EventLoop { return ender{m: m} }
func (m *memory) Fd() int                   { return -1 }
func (m *memory) RemoteAddr() net.Addr      { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4711} }
func (m *memory) InboundBuffered() int      { return len(m.in) }
func (m *memory) OutboundBuffered() int     { return len(m.out) }

func (m *memory) Peek(n int) ([]byte, error) {
	if n <= 0 {
		n = len(m.in)
	}
	if n > len(m.in) {
		return nil, io.ErrShortBuffer
	}
	return append([]byte(nil), m.in[:n]...), nil
}

func (m *memory) Discard(n int) (int, error) {
	if n <= 0 || n > len(m.in) {
		n = len(m.in)
	}
	m.in = m.in[n:]
	return n, nil
}

func (m *memory) Write(p []byte) (int, error) {
	m.out = append(m.out, p...)
	if !m.blocked {
		m.leave(len(m.out))
	}
	return len(p), nil
}

// leave has n of the bytes that wait go out.
func (m *memory) leave(n int) {
	m.rig.sent = append(m.rig.sent, m.out[:n]...)
	m.out = m.out[n:]
	m.rig.more.Broadcast()
}

// ender is the event loop of a rig, as far as it closes connections.
type ender struct {
	gnet.EventLoop
	m *memory
}

func (e ender) Close(gnet.Conn) error { return e.m.close() }

func (m *memory) close() error {
	if m.rig.over = true; !m.shutdown {
		m.shutdown = true
		m.rig.socket.Closed()
	}
	m.rig.more.Broadcast()
	return nil
}

func newRig() *rig {
	r := &rig{split: func(n int) int { return n }, seen: func() {}}
	r.more.L = &r.mu
	r.gnet = &memory{rig: r}
	r.Conn = clientEnd{r}
	return r
}

// plainRig is a rig with a plain socket.
func plainRig() *rig {
	r := newRig()
	p := Over(r.gnet)
	r.socket = &p
	return r
}

// tlsRig is a rig with an encrypted socket.
func tlsRig(places *Handshakes, scratch *Scratch) *rig {
	r := newRig()
	p := Over(r.gnet)
	r.socket = places.NewTLS(&p, scratch, func() { go r.loop(r.advance) })
	return r
}

// loop runs call as the loop would.
func (r *rig) loop(call func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	call()
}

func (r *rig) advance() {
	if !r.gnet.shutdown {
		r.socket.(*TLS).Advance()
		r.receive()
	}
}

// receive is what the loop does first with each event. After an error it closes.
func (r *rig) receive() {
	if r.gnet.shutdown {
		return
	}
	err := r.socket.Receive()
	r.seen()
	if err != nil {
		r.err = err
		r.gnet.close()
	}
}

// clientEnd is the net.Conn of a rig's client.
type clientEnd struct{ r *rig }

func (c clientEnd) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		c.r.loop(func() {
			n := c.r.split(len(rest))
			c.r.gnet.in = append(c.r.gnet.in, rest[:n]...)
			rest = rest[n:]
			c.r.receive()
		})
	}
	return len(p), nil
}

func (c clientEnd) Read(p []byte) (int, error) {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	for len(c.r.sent) == 0 && !c.r.over {
		c.r.more.Wait()
	}
	if len(c.r.sent) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.r.sent)
	c.r.sent = c.r.sent[n:]
	return n, nil
}

func (clientEnd) Close() error                     { return nil }
func (clientEnd) LocalAddr() net.Addr              { return nil }
func (clientEnd) RemoteAddr() net.Addr             { return nil }
func (clientEnd) SetDeadline(time.Time) error      { return nil }
func (clientEnd) SetReadDeadline(time.Time) error  { return nil }
func (clientEnd) SetWriteDeadline(time.Time) error { return nil }

// until waits until ok, under the lock.
func (r *rig) until(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); ; time.Sleep(time.Millisecond) {
		yes := false
		if r.loop(func() { yes = ok() }); yes {
			return
		}
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
	}
}
