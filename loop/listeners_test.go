package loop

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"halley/loop/front"
	"halley/loop/listen"
)

// dialAt connects by the listener of that number.
func dialAt(t testing.TB, s *Server, number int) *wire {
	t.Helper()
	l := s.Listeners()[number]
	conn, err := net.Dial(l.Network, l.Address)
	if err != nil {
		t.Fatal(err)
	}
	if l.TLS {
		conn = tls.Client(conn, trusting(s))
	}
	return newWire(t, conn)
}

// A unix socket leads to the same sessions as a port, on all loops, by polls and streams alike.
func TestUnixSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	s := start(t, func(c *Config) { c.Loops, c.Listen = 2, []string{"127.0.0.1:0", "unix:" + path} })
	equal(t, s.Addresses()[1], "unix:"+path)
	home := dial(t, s)
	for range 4 {
		w, id := dialAt(t, s, 1), home.subscriber("/a")
		w.holdConnect(s, id)
		mustPublish(t, s, "/a", "1")
		equal(t, events(w.messages()), []string{"1"})
	}
	other := dialAt(t, s, 1).subscriber("/b")
	w := dial(t, s)
	w.holdConnect(s, other)
	equal(t, dialAt(t, s, 1).bayeux(publish(home.handshake(), "/b", "2"))[0]["successful"], true)
	equal(t, events(w.messages()), []string{"2"})
	eventually(t, func() bool { return len(s.Stats().Loops) == 2 })
}

// A server needs no port: with a unix socket alone all loops work, and nothing is left of it.
func TestUnixSocketAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, func(c *Config) { c.Loops, c.Listen = 3, []string{"unix:" + filepath.Join(dir, "s")} })
	var polls []*wire
	for range 12 {
		w := dialAt(t, s.Server, 0)
		id := w.subscriber("/a")
		w.holdConnect(s.Server, id)
		polls = append(polls, w)
	}
	mustPublish(t, s.Server, "/a", "1")
	for _, w := range polls {
		equal(t, events(w.messages()), []string{"1"})
	}
	for _, r := range s.reactors {
		found := make(chan int, 1)
		s.do(r.id, func(r *reactor) {
			n := 0
			r.conns.Each(func(uint32, *conn) bool { n++; return true })
			found <- n
		})
		if <-found == 0 {
			t.Errorf("loop %d has no connection", r.id)
		}
	}
	s.stop()
	s.wait(t)
	left, err := os.ReadDir(dir)
	equal(t, len(left), 0)
	equal(t, err, nil)
}

// The number of a connection's listener is known, whoever accepted it.
func TestConnectionsKnowTheirListener(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) {
		c.Listen = []string{"127.0.0.1:0", "unix:" + filepath.Join(t.TempDir(), "s"), "127.0.0.2:0", "[::1]:0", ":0"}
	})
	for number := range s.Listeners() {
		for range 2 {
			w := dialAt(t, s, number)
			w.handshake()
			found := make(chan []int, 1)
			s.do(0, func(r *reactor) {
				var numbers []int
				r.conns.Each(func(_ uint32, c *conn) bool { numbers = append(numbers, c.names.listener()); return true })
				found <- numbers
			})
			equal(t, <-found, []int{number})
			w.Close()
			eventually(t, func() bool { return s.Stats().Connections == 0 })
		}
	}
}

// Above the limit of connections a unix socket's are answered 503 like others.
func TestUnixSocketAtTheLimit(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.MaxConnections, c.Listen = 1, []string{"unix:" + filepath.Join(t.TempDir(), "s")} })
	dialAt(t, s, 0).handshake()
	w := dialAt(t, s, 0)
	got := w.read()
	equal(t, got.StatusCode, 503)
	equal(t, got.body, "too many connections at this server\n")
	_, err := io.ReadAll(w)
	equal(t, err, nil)
}

// One socket serves one server: a living one's is refused with the flag's name, and left alone.
func TestUnixSocketInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	s := start(t, func(c *Config) { c.Listen = []string{"unix:" + path} })
	if _, err := openListeners(&shared{cfg: s.cfg, listeners: []listen.Listener{{Network: listen.Unix, Address: path}}}); err == nil {
		t.Error("it was opened twice")
	}
	dialAt(t, s, 0).handshake()
}

// The listener's number and the origin's stay apart.
func TestNames(t *testing.T) {
	most := front.Origin(1<<originBits - 1)
	equal(t, front.MostOrigins < int(most)+1, true)
	for _, listener := range []int{0, 1, listen.Most - 1} {
		n := cameBy(listener)
		for _, origin := range []front.Origin{most, 0, 5, most} {
			n = n.with(origin)
			equal(t, []int{int(n.origin()), n.listener()}, []int{int(origin), listener})
		}
	}
}
