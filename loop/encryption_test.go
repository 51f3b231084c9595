package loop

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"halley/bayeux"
	"halley/loop/socket"
)

// tls13 is the kind that most clients speak.
func tls13() socketKind { return socketKind{name: "TLS", config: certified()} }

// raw is a connection to a server below its encryption.
func raw(t testing.TB, s *Server) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	return newWire(t, conn)
}

// A client that speaks HTTP where TLS is spoken is told so in words, however its bytes come.
func TestPlainHTTPOnTLS(t *testing.T) {
	t.Parallel()
	s := tls13().start(t, nil)
	for _, first := range []string{request("GET", "/"), post(strings.Repeat("x", 60_000)), "OPTIONS"} {
		w := raw(t, s)
		w.send(first[:1])
		got := w.read()
		io.WriteString(w.Conn, first[1:])
		equal(t, []any{got.StatusCode, got.Close, got.Header.Get("Content-Type")}, []any{400, true, plainText})
		if !strings.Contains(got.body, "use https:// or wss://") {
			t.Errorf("%q", got.body)
		}
		w.mustEnd()
	}
	equal(t, s.Stats().TLS.Failed[socket.FailedPlainHTTP], 3) // counted before it is answered
	eventually(t, func() bool { return s.Stats().Connections == 0 })
}

// What is no TLS at all is closed, and a handshake that fails ends with the alert that says why.
func TestGarbageOnTLS(t *testing.T) {
	t.Parallel()
	k := tls13()
	k.config.MinVersion = tls.VersionTLS13
	s := k.start(t, nil)
	for _, first := range []string{"\x00\x01", "\x16\x03\x01\xff\xff", "\x80\x2e\x01\x03", "\n\n"} {
		w := raw(t, s)
		w.send(first)
		w.mustClose()
	}
	old := tls.Client(raw(t, s).Conn, &tls.Config{MaxVersion: tls.VersionTLS12, InsecureSkipVerify: true})
	if err := old.Handshake(); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("the old client is told: %v", err)
	}
	eventually(t, func() bool {
		st := s.Stats().TLS
		return s.Stats().ClientsRefused[noTLS] == 5 && st.Failed[socket.FailedGarbage] == 4 && st.Failed[socket.FailedProtocol] == 1 && st.Done == 0
	})
}

// A client that stalls in its handshake, before or after its first bytes, is ended by the deadline, gives its place back, and
// takes nothing from others: that may be as many as like to.
func TestStalledHandshake(t *testing.T) {
	t.Parallel()
	s, now := tls13().startStill(t, func(c *Config) { c.TLSHandshakeTimeout, c.TLSHandshakes = 500*time.Millisecond, 1 })
	var all []*wire
	for n := range 30 {
		w := raw(t, s)
		all = append(all, w)
		switch n % 3 {
		case 1:
			w.send("\x16\x03\x01\x02\x00")
		case 2:
			go tls.Client(stalling{w.Conn}, trusting(s)).Handshake()
		}
	}
	equal(t, dial(t, s).ask(post("[]")).StatusCode, 200)
	eventually(t, func() bool { return s.Stats().Connections == 31 })
	now.Add(1000)
	for n, w := range all {
		if n%3 != 2 {
			w.mustClose()
		}
	}
	eventually(t, func() bool { return s.Stats().TLS.Failed[socket.FailedTimeout] == 30 && s.Stats().TLS.UnderWay == 0 })
	equal(t, s.Stats().ClientsRefused[noTLS], 30)
	equal(t, dial(t, s).ask(post("[]")).StatusCode, 200)
}

// stalling is a client's end that never gets an answer.
type stalling struct{ net.Conn }

func (stalling) Read([]byte) (int, error) {
	time.Sleep(deadline)
	return 0, io.EOF
}

// The limit of connections holds where TLS is spoken: who is above it gets an alert.
func TestConnectionLimitOfTLS(t *testing.T) {
	t.Parallel()
	s := tls13().start(t, func(c *Config) { c.MaxConnections = 2 })
	first := dial(t, s)
	equal(t, first.ask(post("[]")).StatusCode, 200)
	raw(t, s)
	eventually(t, func() bool { return s.Stats().Connections == 2 })
	for range 3 {
		err := dial(t, s).Conn.(*tls.Conn).Handshake()
		if err == nil || !strings.Contains(err.Error(), "internal error") {
			t.Errorf("the client is told: %v", err)
		}
	}
	equal(t, []any{s.Stats().Refused, s.Stats().TLS.Open}, []any{3, 1})
	first.Close()
	eventually(t, func() bool { return s.Stats().TLS.Open == 0 })
	equal(t, dial(t, s).ask(post("[]")).StatusCode, 200)
}

// namesake is an authority that knows clients by what they have proved.
type namesake struct{ asked chan string }

func (namesake) Fields() []string { return nil }

func (n namesake) Decide(q bayeux.Question) bayeux.Verdict {
	n.asked <- q.Caller.Identity
	return bayeux.Verdict{}
}

func (namesake) Ask(bayeux.Question, func(bayeux.Verdict)) {}

// The authority is told what a client's certificate has proved, by every request and for a websocket's.
func TestTLSIdentity(t *testing.T) {
	t.Parallel()
	k := tls13()
	k.config.ClientAuth, k.config.ClientCAs = tls.VerifyClientCertIfGiven, x509.NewCertPool()
	k.config.ClientCAs.AddCert(k.config.Certificates[0].Leaf)
	asked := make(chan string, 10)
	s := k.start(t, func(c *Config) { c.Authority = namesake{asked} })
	known := trusting(s)
	known.Certificates = k.config.Certificates
	for want, config := range map[string]*tls.Config{"anna": known, "": trusting(s)} {
		newWire(t, tls.Client(raw(t, s).Conn, config)).handshake()
		equal(t, <-asked, want)
		w := newWire(t, tls.Client(raw(t, s).Conn, config))
		w.send(upgradeRequest(""))
		w.read()
		w.roundTrip(`[{"channel":"/meta/handshake","supportedConnectionTypes":["websocket"]}]`)
		equal(t, <-asked, want)
	}
}

// A client may change its keys at any time, also while its poll is held, and ask the server to.
func TestKeyUpdates(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("there is no openssl")
	}
	s := tls13().start(t, nil)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	leaf := s.cfg.TLS.Certificates[0].Certificate[0]
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}), 0o600); err != nil {
		t.Fatal(err)
	}
	id := dial(t, s).subscriber("/a")
	c := startClient(t, openssl, "s_client", "-connect", s.Addresses()[0], "-CAfile", ca, "-verify_return_error", "-tls1_3", "-brief")
	c.says("Verification: OK")
	for round := range 10 {
		for _, command := range []string{"k", "K", "K"} {
			c.send(command + "\n")
			c.says("KEYUPDATE")
		}
		c.send(post(connect(id)))
		eventually(t, func() bool { return isHeld(s, id) })
		c.send("K\n")
		c.says("KEYUPDATE")
		mustPublish(t, s, "/a", fmt.Sprintf(`"event %d"`, round))
		c.says(fmt.Sprintf("event %d", round))
	}
	c.send("Q\n")
	eventually(t, func() bool { return s.Stats().TLS.Open == 1 })
}

// program is another program at work.
type program struct {
	*testing.T
	in   io.Writer
	out  chan string
	said string // and not looked for yet
}

func startClient(t *testing.T, name string, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{T: t, in: in, out: make(chan string, 1000)}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(p.out)
		for buf := make([]byte, 4096); ; {
			n, err := out.Read(buf)
			if err != nil {
				return
			}
			p.out <- string(buf[:n])
		}
	})
	t.Cleanup(func() {
		cancel()
		reading.Wait()
		cmd.Wait()
	})
	return p
}

func (p *program) send(text string) {
	p.Helper()
	if _, err := io.WriteString(p.in, text); err != nil {
		p.Fatal(err)
	}
}

// says waits until the program says text.
func (p *program) says(text string) {
	p.Helper()
	for timeout := time.After(deadline); ; {
		if _, rest, ok := strings.Cut(p.said, text); ok {
			p.said = rest
			return
		}
		select {
		case more, ok := <-p.out:
			if !ok {
				p.Fatalf("it ended before it said %q", text)
			}
			p.said += more
		case <-timeout:
			p.Fatalf("it does not say %q", text)
		}
	}
}

// Connections have no goroutine once their handshakes are over, and a server that ends has none of those left either.
func TestIdleTLSHasNoGoroutine(t *testing.T) {
	s := tls13().start(t, func(c *Config) { c.MaxConnections = 300 })
	equal(t, dial(t, s).ask(post("[]")).StatusCode, 200)
	before := runtime.NumGoroutine()
	var idle []net.Conn
	for range 100 {
		w := dial(t, s)
		if err := w.Conn.(*tls.Conn).Handshake(); err != nil {
			t.Fatal(err)
		}
		idle = append(idle, w.Conn)
	}
	eventually(t, func() bool { return runtime.NumGoroutine() <= before && s.Stats().TLS.Open == 101 })
	for _, c := range idle {
		c.Close()
	}
	eventually(t, func() bool { return s.Stats().TLS.Open == 1 })
}

// However many clients begin handshakes at once, those of the loops' clients are served, and the goroutines are bounded.
func TestHandshakeFlood(t *testing.T) {
	t.Parallel()
	s := tls13().start(t, func(c *Config) { c.TLSHandshakes, c.MaxConnections = 1, 5000 })
	w := dial(t, s)
	id := w.subscriber("/a")
	var flood sync.WaitGroup
	over := make(chan struct{})
	for range 20 {
		flood.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				conn, err := net.Dial("tcp", s.Addresses()[0])
				if err != nil {
					continue
				}
				tls.Client(conn, trusting(s)).Handshake()
				conn.Close()
			}
		})
	}
	for n := range 50 {
		w.holdConnect(s, id)
		mustPublish(t, s, "/a", fmt.Sprint(n))
		equal(t, events(w.messages()), []string{fmt.Sprint(n)})
	}
	close(over)
	flood.Wait()
	eventually(t, func() bool { return s.Stats().TLS.UnderWay == 0 })
}
