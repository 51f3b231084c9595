package loop

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halley/bayeux"
)

// dialFrom connects to one of a server's listeners from an address of this host.
func dialFrom(t testing.TB, s *Server, number int, from string) *wire {
	t.Helper()
	_, port, err := net.SplitHostPort(s.Addresses()[number])
	if err != nil {
		t.Fatal(err)
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: deadline}
	host := "127.0.0.1"
	if strings.Contains(from, ":") {
		host = "::1"
	}
	conn, err := dialer.Dial("tcp", net.JoinHostPort(host, port))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Listeners()[number].TLS {
		return newWire(t, conn)
	}
	return newWire(t, tls.Client(conn, trusting(s)))
}

// home is the loop where a session lives that has just been made by a connection: the connection's.
func (w *wire) home() uint16 {
	w.t.Helper()
	a, ok := bayeux.ParseClientID([]byte(w.handshake()))
	if !ok {
		w.t.Fatal("no clientId")
	}
	return a.Loop
}

// homes are the loops that some connections from an address come to, with how many do.
func homes(t testing.TB, s *Server, number int, from string) map[uint16]int {
	t.Helper()
	found := make(map[uint16]int)
	for range 4 {
		w := dialFrom(t, s, number, from)
		found[w.home()]++
		w.Close()
	}
	return found
}

// mustSteer fails unless all connections of an address come to one loop, by every listener, and those of several to several.
func mustSteer(t testing.TB, s *Server) {
	t.Helper()
	used := make(map[uint16]bool)
	for i := range 24 {
		of := make(map[uint16]bool)
		for number := range s.Listeners() {
			for loop := range homes(t, s, number, fmt.Sprintf("127.0.%d.%d", i%2, 100+i)) {
				of[loop], used[loop] = true, true
			}
		}
		if len(of) != 1 {
			t.Errorf("address %d comes to %d loops", i, len(of))
		}
	}
	if len(used) < 2 {
		t.Error("all addresses come to one loop")
	}
}

// All connections of one address come to one loop, of IPv4 and IPv6, with and without TLS, by whatever listener.
func TestSteeringByAddress(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) {
		c.Loops, c.Steer, c.Listen, c.TLSListen, c.TLS = 3, SteerOn, []string{"127.0.0.1:0", ":0"}, []string{":0"}, certified()
	})
	warm(t, s)
	if !s.Stats().Steering {
		t.Skip("the kernel does not steer")
	}
	mustSteer(t, s)
	if found := homes(t, s, 1, "::1"); len(found) != 1 {
		t.Errorf("%v", found)
	}
	st := s.Stats()
	steered, open := uint64(0), 0
	for _, l := range st.Loops {
		steered, open = steered+l.Steered, open+l.Connections
	}
	equal(t, steered, st.Accepted)
	if open < 0 || int64(open) > st.Connections {
		t.Errorf("%d connections open at the loops, of %d", open, st.Connections)
	}
}

// warm has every loop of a server be a home of sessions, by connections from many addresses.
func warm(t testing.TB, s *Server) {
	t.Helper()
	for i := 0; len(*s.bound.Load()) < s.cfg.Loops; i++ {
		if i > 1000 {
			t.Fatal("a loop gets no connection")
		}
		w := dialFrom(t, s, 0, fmt.Sprintf("127.1.%d.%d", i/250, 1+i%250))
		w.ask(request("GET", "/"))
		w.Close()
	}
}

// A server steers by itself once it has seen enough connections that this spreads, and those of one address end it.
func TestSteeringBegins(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 2 })
	few := s.Stats()
	equal(t, few.Steering, false)
	var many []*wire
	for i := 0; !s.steering.on.Load(); i++ {
		if i == 600 {
			if s.steering.lacks != nil {
				t.Skip("the kernel does not steer")
			}
			t.Fatal("it does not steer")
		}
		many = append(many, dialFrom(t, s, 0, fmt.Sprintf("127.2.%d.%d", i/250, 1+i%250)))
		many[i].ask(request("GET", "/"))
		if i < 120 && s.steering.on.Load() {
			t.Fatalf("it steers by %d connections", i)
		}
		if i%32 == 0 {
			time.Sleep(time.Millisecond) // for the look, which the next batch would have otherwise
		}
	}
	mustSteer(t, s)
	for i := 0; s.steering.on.Load(); i++ {
		if i == 2*len(many)+600 {
			t.Fatal("it steers though most connections have one address")
		}
		w := dialFrom(t, s, 0, "127.0.0.9")
		many = append(many, w)
		w.ask(request("GET", "/"))
	}
	eventually(t, func() bool { return len(homes(t, s, 0, "127.0.0.9")) == 2 })
	for _, w := range many {
		w.Close()
	}
	eventually(t, func() bool { return s.Stats().Connections == 0 })
	for i := range 200 {
		s.steering.balance.Opened(i % 2)
	}
	equal(t, s.steering.balance.Holds(false), true) // those that have gone do not count
}

// Where a proxy is trusted, or by a listener of one, connections go where they go: all have its address.
func TestProxiesAreNotSteered(t *testing.T) {
	t.Parallel()
	trusting := start(t, func(c *Config) { c.Loops, c.TrustedProxies = 2, []string{"127.0.0.1"} })
	proxied := start(t, func(c *Config) {
		byHeader(c)
		c.Loops, c.Steer = 2, SteerOn
	})
	equal(t, trusting.steering.decides(), false)
	for i := range 300 {
		dialFrom(t, trusting, 0, fmt.Sprintf("127.2.1.%d", 1+i%250))
		w := dialFrom(t, proxied, 0, "127.0.0.7")
		w.send("PROXY UNKNOWN\r\n")
	}
	eventually(t, func() bool { return trusting.Stats().Accepted == 300 && proxied.Stats().Accepted == 300 })
	equal(t, trusting.Stats().Steering, false)
	for _, l := range proxied.Stats().Loops {
		equal(t, l.Steered, 0)
		if l.Connections == 0 {
			t.Error("a loop has no connection")
		}
	}
}

// A steered server leaves the choice to its successor, who steers when it has the port to itself; one that dies gives it back.
func TestTakeOverOfASteeredServer(t *testing.T) {
	t.Parallel()
	control := filepath.Join(t.TempDir(), "control")
	change := func(c *Config) {
		c.Loops, c.Control, c.Steer, c.DrainTimeout = 2, control, SteerOn, 500*time.Millisecond
	}
	old := run(t, change)
	warm(t, old.Server)
	if !old.Stats().Steering {
		t.Skip("the kernel does not steer")
	}
	p, err := Meet(control)
	if err != nil {
		t.Fatal(err)
	}
	s := made(t, func(c *Config) { change(c); c.Predecessor = p })
	if err := s.succession(p).inherit(context.Background()); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return old.steering.isGiven() })
	p.Close()
	eventually(t, func() bool { return !old.steering.isGiven() })
	mustSteer(t, old.Server)
	young := succeed(t, control, change)
	old.handsOver(t)
	mustSteer(t, young.Server) // by its own sockets, behind those of the other
	old.wait(t)
	eventually(t, func() bool { return young.steering.isAlone() })
	mustSteer(t, young.Server)
	young.stop()
	young.wait(t)
}

func (s *steering) isGiven() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.given
}

func (s *steering) isAlone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.before) == 0
}

// An engine that is started anew steers as the one before did.
func TestSteeringOutlivesAnEngine(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.Steer = 2, SteerOn })
	warm(t, s)
	if !s.Stats().Steering {
		t.Skip("the kernel does not steer")
	}
	s.engine.mu.Lock()
	current := s.engine.current
	s.engine.mu.Unlock()
	asked, cancel := context.WithCancel(context.Background())
	cancel()
	current.Stop(asked)
	eventually(t, func() bool { return s.engine.started.Load() == 2 && s.Ready() })
	// gnet opens the sockets of all loops but the first when it has begun. Until then that takes what would come to them.
	eventually(t, func() bool { return listening(t, s) == s.cfg.Loops })
	mustSteer(t, s)
}

// listening is how many sockets of this host listen for IPv4 at the port of a server's first listener.
func listening(t testing.TB, s *Server) (n int) {
	t.Helper()
	address, err := net.ResolveTCPAddr("tcp", s.Addresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) > 3 && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", address.Port)) && fields[3] == "0A" {
			n++
		}
	}
	return n
}
