package loop

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"halley/bayeux"
)

// apartFrom is a connection to a server of two loops that came to the other loop than a session's.
func (k socketKind) apartFrom(t testing.TB, s *Server, id string) *wire {
	t.Helper()
	a, _ := bayeux.ParseClientID([]byte(id))
	for range 200 {
		if w := k.dial(t, s); w.home() != a.Loop {
			return w
		} else {
			w.Close()
		}
	}
	t.Fatal("all connections come to one loop")
	return nil
}

// travels are how many connections have moved, and forwarded how many requests went from loop to loop.
func travels(s *Server) (moved, forwarded uint64) {
	for _, l := range s.Stats().Loops {
		moved, forwarded = moved+l.Moved, forwarded+l.Forwarded
	}
	return moved, forwarded
}

// A connection whose requests are all for a session of another loop moves there, once, and goes on: with requests that it sent
// ahead, and those that come later, each answered once and in order.
func TestMoveToTheSession(t *testing.T) { eachSocket(t, testMoveToTheSession) }

func testMoveToTheSession(t *testing.T, k socketKind) {
	moves := k.server == nil // other kinds are those of tests, and stay
	// Nothing moves to a loop that is late, and by this clock none is.
	s, _ := k.startStill(t, func(c *Config) { c.Loops, c.AddressConnections = 2, 500 })
	id := k.dial(t, s).subscriber("/a")
	w := k.apartFrom(t, s, id)
	for n := range passedMost - 1 {
		w.bayeux(publish(id, "/a", fmt.Sprint(n)))
	}
	was, before := travels(s)
	equal(t, []uint64{was, before}, []uint64{0, passedMost - 1})
	var ahead strings.Builder
	for n := range 20 {
		ahead.WriteString(post(publish(id, "/a", fmt.Sprint(passedMost-1+n))))
	}
	w.send(ahead.String())
	for range 20 {
		equal(t, w.messages()[0]["successful"], true)
	}
	if moves {
		eventually(t, func() bool { n, _ := travels(s); return n == 1 })
	}
	_, before = travels(s)
	for n := range 10 {
		w.bayeux(publish(id, "/a", fmt.Sprint(passedMost+19+n)))
	}
	was, after := travels(s)
	if moves && (was != 1 || after != before) || !moves && (was != 0 || after != before+10) {
		t.Errorf("%d moves, %d requests forwarded after %d", was, after, before)
	}
	got := w.collect(id, passedMost+29)
	for n, data := range got {
		equal(t, data, fmt.Sprint(n))
	}
	// It stays, whatever comes.
	other := k.apartFrom(t, s, id).handshake()
	for range 2 * passedMost {
		w.bayeux(publish(other, "/b", "1"))
	}
	if again, _ := travels(s); again != was {
		t.Error("it moves again")
	}
	w.Close()
	st := s.Stats()
	equal(t, st.MovesFailed+st.Panics, 0)
}

// A request that stays ends what was counted.
func TestMixedConnectionsStay(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 2 })
	plain := socketKind{}
	id := dial(t, s).handshake()
	w := plain.apartFrom(t, s, id)
	own := w.handshake()
	for n := range 4 * passedMost {
		of := id
		if n%passedMost == passedMost-1 {
			of = own
		}
		w.bayeux(publish(of, "/a", "1"))
	}
	was, _ := travels(s)
	equal(t, was, 0)
}

// With --steer off, or one loop, nothing moves.
func TestSteerOff(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.Steer = 2, SteerOff })
	id := dial(t, s).handshake()
	w := socketKind{}.apartFrom(t, s, id)
	for range 2 * passedMost {
		w.bayeux(publish(id, "/a", "1"))
	}
	was, forwarded := travels(s)
	equal(t, []uint64{was, forwarded}, []uint64{0, 2 * passedMost})
}

// An event-stream is opened on the loop of its session from the start: its connection moves with the request. One for a session
// that there is not stays where it came, or goes there to be refused.
func TestMoveOfAStream(t *testing.T) { eachEncryption(t, testMoveOfAStream) }

func testMoveOfAStream(t *testing.T, k socketKind) {
	s, _ := k.startStill(t, func(c *Config) { c.Loops = 2 }) // no loop is late: nothing moves to such a one
	home := k.dial(t, s)
	id := home.subscriber("/a")
	w := k.apartFrom(t, s, id)
	requests := s.Stats().Requests
	_, stream := w.openStream(getRequest("/bayeux/"+id, "Accept: text/event-stream\r\n"))
	home.hears(id)
	for n := range 5 {
		mustPublish(t, s, "/a", fmt.Sprint(n))
		for text := ""; !strings.Contains(text, fmt.Sprintf(`"data":%d`, n)); {
			var err error
			if text, err = stream.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
	}
	was, forwarded := travels(s)
	equal(t, []uint64{was, forwarded}, []uint64{1, 0})
	equal(t, s.Stats().Requests, requests+2)
	unknown := strings.Repeat("0", len(id)-1) + "g"
	a := k.dial(t, s).ask(getRequest("/bayeux/"+unknown, "Accept: text/event-stream\r\n"))
	if a.StatusCode < 400 {
		t.Errorf("status %d", a.StatusCode)
	}
}

// Connections by a unix socket, as of a proxy on the same host, move as well, and keep what a proxy has said of them.
func TestMoveOfAUnixSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	s := start(t, func(c *Config) { c.Loops, c.Listen = 2, []string{"unix:" + path} })
	connects := func() *wire {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		return newWire(t, conn)
	}
	id := connects().subscriber("/a")
	a, _ := bayeux.ParseClientID([]byte(id))
	w := connects()
	for w.home() == a.Loop {
		w = connects()
	}
	for n := range passedMost + 5 {
		w.bayeux(publish(id, "/a", fmt.Sprint(n)))
	}
	eventually(t, func() bool { n, _ := travels(s); return n == 1 })
	equal(t, len(w.collect(id, passedMost+5)), passedMost+5)
	equal(t, s.Stats().MovesFailed, 0)
}

// What a proxy has said at the beginning of a connection goes with it, and so does its place among those of its address.
func TestMovesKeepTheirClient(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { byHeader(c); c.Loops, c.AddressConnections, c.MessageRate = 2, 1, 1_000_000 })
	begin := func(client string) *wire {
		w := dial(t, s)
		w.send(header(t, 1, client))
		return w
	}
	id := begin("10.0.0.1:1").handshake()
	a, _ := bayeux.ParseClientID([]byte(id))
	n := 2
	w := begin("10.0.0.2:1")
	for w.home() == a.Loop {
		n++
		w = begin(fmt.Sprintf("10.0.0.%d:1", n))
	}
	for range passedMost + 5 {
		w.bayeux(publish(id, "/a", "1"))
	}
	eventually(t, func() bool { n, _ := travels(s); return n == 1 })
	again := begin(fmt.Sprintf("10.0.0.%d:2", n))
	again.send(request("GET", "/"))
	equal(t, again.read().StatusCode, 429)
	w.Close()
	eventually(t, func() bool {
		again := begin(fmt.Sprintf("10.0.0.%d:3", n))
		again.send(request("GET", "/"))
		return again.read().StatusCode == 404
	})
}

// A connection of which something is under way stays: output that waits, a drain, no room, no loop.
func TestNoMoveWhileSomethingIsOutstanding(t *testing.T) {
	b := newBenchOf(t, 0, 2)
	b.server.cfg.MaxConnections = 100
	r := b.server.reactors[0]
	b.server.reactors[1].executor.open(b.loop)
	var socket *fakeSocket
	fresh := func() *conn { socket = b.open(); return socket.context.(*conn) }
	try := map[string]func(c *conn) (undo func()){
		"output waits": func(c *conn) func() {
			r.output.slow[c.slot] = new(unsent)
			return func() { delete(r.output.slow, c.slot) }
		},
		"gnet has output": func(c *conn) func() {
			socket.slow = true
			c.plain.Write([]byte("x"))
			return func() {}
		},
		"a reply is under way": func(c *conn) func() { c.phase = answering; return func() {} },
		"it is to go":          func(c *conn) func() { c.set(leaving, true); return func() {} },
		"a drain":              func(*conn) func() { r.output.draining = true; return func() { r.output.draining = false } },
		"a successor":          func(*conn) func() { r.shared.moved.Store(true); return func() { r.shared.moved.Store(false) } },
		"no loop": func(*conn) func() {
			b.server.reactors[1].executor.close()
			return func() { b.server.reactors[1].executor.open(b.loop) }
		},
		"the loop is late": func(*conn) func() {
			b.server.reactors[1].tickPosted.Store(b.server.now() - 1000)
			return func() { b.server.reactors[1].tickPosted.Store(0) }
		},
		"no room": func(*conn) func() {
			for range movesMost {
				b.server.moves.pending[new(moving)] = false
			}
			return func() { clear(b.server.moves.pending) }
		},
	}
	for why, begin := range try {
		c := fresh()
		undo := begin(c)
		if r.mover.move(c, 1) {
			t.Errorf("it moves though %s", why)
		}
		if c.has(settled) {
			t.Errorf("%s for ever", why)
		}
		undo()
	}
	// Without a file for the copy it stays, and does not try again.
	c := fresh()
	if r.mover.move(c, 1) || !c.has(settled) || c.socket == nil || len(b.server.moves.pending) > 0 {
		t.Errorf("%v", c)
	}
	if r.mover.move(fresh(), 0) {
		t.Error("it moves to where it is")
	}
}
