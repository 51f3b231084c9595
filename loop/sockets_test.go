package loop

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"halley/loop/socket"
)

// socketKind is a kind of socket that a server's connections may be, with the end of its clients.
type socketKind struct {
	name   string
	server func(*socket.Plain) socket.Socket // nil for what is plain
	client func(net.Conn) net.Conn           // nil likewise
	config *tls.Config                       // of servers that speak TLS
}

// socketKinds are all that what is said of connections must hold for.
func socketKinds() []socketKind {
	return append(tlsKinds(), socketKind{name: "plain"}, socketKind{name: "hoarder", server: hold},
		socketKind{name: "sealed", server: seal, client: sealConn})
}

// tlsKinds are those of real encryption.
func tlsKinds() (kinds []socketKind) {
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		server := certified()
		server.MaxVersion = version
		kinds = append(kinds, socketKind{name: name, config: server})
	}
	return kinds
}

// eachEncryption runs a test without encryption, and with each kind of it.
func eachEncryption(t *testing.T, test func(t *testing.T, k socketKind)) {
	t.Parallel()
	for _, k := range append(tlsKinds(), socketKind{name: "plain"}) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			test(t, k)
		})
	}
}

// change is what a kind and a test want of a configuration.
func (k socketKind) change(change func(*Config)) func(*Config) {
	return func(c *Config) {
		if change != nil {
			change(c)
		}
		if k.config != nil {
			c.TLS, c.TLSListen, c.Listen = k.config.Clone(), c.Listen, nil // a server changes its own
		}
	}
}

// eachSocket runs a test with each kind of socket.
func eachSocket(t *testing.T, test func(t *testing.T, k socketKind)) {
	t.Parallel()
	for _, k := range socketKinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			test(t, k)
		})
	}
}

// start runs a server whose connections are of this kind until the test ends.
func (k socketKind) start(t testing.TB, change func(*Config)) *Server {
	t.Helper()
	s := made(t, k.change(change))
	s.cover = k.server
	s.runUntilEnd(t)
	return s
}

func (k socketKind) dial(t testing.TB, s *Server) *wire { return k.wire(dial(t, s)) }

func (k socketKind) dialSlow(t testing.TB, s *Server) *wire { return k.wire(dialSlow(t, s)) }

// wire is w as the client's end of this kind.
func (k socketKind) wire(w *wire) *wire {
	if k.client == nil {
		return w
	}
	sealed := newWire(w.t, k.client(w.Conn))
	return sealed
}

// tcp is the connection below.
func (w *wire) tcp() *net.TCPConn {
	switch c := w.Conn.(type) {
	case *sealedConn:
		return c.Conn.(*net.TCPConn)
	case *tls.Conn:
		return c.NetConn().(*net.TCPConn)
	}
	return w.Conn.(*net.TCPConn)
}

// A record is read back from whatever else has come, and no other content than its own.
func TestSealing(t *testing.T) {
	for _, size := range []int{0, 1, sealMost} {
		content := bytes.Repeat([]byte("x"), size)
		record := appendSealed(nil, sealData, content)
		equal(t, len(record), sealHead+size+sealTail)
		for n := range record {
			if _, _, taken, err := nextSealed(record[:n]); taken != 0 || err != nil {
				t.Fatalf("%d of %d bytes: %d %v", n, len(record), taken, err)
			}
		}
		kind, got, n, err := nextSealed(append(record, "rest"...))
		if kind != sealData || !bytes.Equal(got, content) || n != len(record) || err != nil {
			t.Errorf("%d bytes: %d %d %v", size, kind, n, err)
		}
		record[len(record)-1]++
		if _, _, _, err := nextSealed(record); err == nil {
			t.Error("a forged record is read")
		}
	}
}

// A reply has left with the last byte of its last record, to the byte, though more bytes go out than are written.
func TestFateIsDecidedByRecords(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		b := newBench(outer, 0)
		var err error
		if b.server.writable, err = socket.NewWritable(func(socket.ID) {}); err != nil {
			t.Fatal(err)
		}
		defer b.server.writable.Close()
		b.server.cover = seal
		wire := b.open()
		wire.slow = true
		r, c := b.server.reactors[0], wire.context.(*conn)
		var ends []int // of the records of each reply, on the wire
		for _, size := range rapid.SliceOfN(rapid.IntRange(1, 3*sealMost), 1, 6).Draw(t, "replies") {
			if !r.output.write(c, make([]byte, size), reply{numbered: true}) {
				t.Fatal("not sent")
			}
			ends = append(ends, wire.waits)
		}
		all := wire.waits
		for wire.waits > 0 {
			next := ends[rapid.IntRange(0, len(ends)-1).Draw(t, "reply")] + rapid.IntRange(-1, 1).Draw(t, "off by")
			wire.waits = max(0, min(wire.waits-rapid.IntRange(0, 1).Draw(t, "at least"), all-next))
			r.output.lookAgain(c.slot)
			want := 0
			for _, end := range ends {
				if end > all-wire.waits {
					want++
				}
			}
			left := 0
			if u := r.output.slow[c.slot]; u != nil {
				left = u.Len()
			}
			if left != want {
				t.Fatalf("%d replies have not left, want %d: %d of %d bytes wait, of replies that end at %d", left, want, wire.waits, all, ends)
			}
		}
	})
}

// A write that breaks off leaves the events with their session, however they were sent and wherever it lives: they come
// once each by the next connection.
func TestBrokenWrites(t *testing.T) {
	t.Parallel()
	open := map[string]func(*wire, *Server, string){
		"poll": func(w *wire, s *Server, id string) { w.holdConnect(s, id) },
		"websocket": func(w *wire, _ *Server, id string) {
			w.send(upgradeRequest(""))
			w.read()
			w.roundTrip(wsConnectNow(id))
		},
		"xhr-streaming": func(w *wire, s *Server, id string) {
			w.send(streamConnect(id, "xhr-streaming"))
			eventually(w.t, func() bool { return hasStream(s, id) })
		},
	}
	for kind, open := range open {
		for _, loops := range []int{1, 3} {
			for _, left := range []int64{0, 1, 20} {
				t.Run(fmt.Sprint(kind, loops, "loops", left), func(t *testing.T) {
					t.Parallel()
					var budget atomic.Int64
					budget.Store(-1)
					breaking := socketKind{server: func(p *socket.Plain) socket.Socket { return &brittle{p, &budget} }}
					s := breaking.start(t, func(c *Config) { c.Loops = loops })
					home, w := dial(t, s), dial(t, s)
					id := home.subscriber("/a")
					open(w, s, id)
					budget.Store(left)
					mustPublish(t, s, "/a", `"a"`)
					eventually(t, func() bool { return s.Stats().Connections == 1 })
					budget.Store(-1)
					mustPublish(t, s, "/a", `"b"`)
					mustEqualEvents(t, home.collect(id, 2), []string{`"a"`, `"b"`})
					st := s.Stats()
					equal(t, []uint64{st.Bounced, st.Panics, st.Delivered}, []uint64{1, 0, 2})
				})
			}
		}
	}
}

// A client that says goodbye has gone, whether or not its end of the connection is closed, and so has one whose records
// are not genuine: what it held is let go.
func TestSealedEnds(t *testing.T) {
	t.Parallel()
	forged := appendSealed(nil, sealData, []byte("x"))
	forged[sealHead]++
	for name, end := range map[string][]byte{"goodbye": appendSealed(nil, sealDone, nil), "forged": forged} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := socketKind{server: seal, client: sealConn}
			s := k.start(t, nil)
			w := k.dial(t, s)
			id := w.subscriber("/a")
			w.holdConnect(s, id)
			w.tcp().Write(end)
			eventually(t, func() bool { return s.Stats().Connections == 0 && !isHeld(s, id) })
			mustPublish(t, s, "/a", "1")
			equal(t, events(k.dial(t, s).bayeux(connect(id))), []string{"1"})
		})
	}
}

// The server says goodbye before it closes a connection whose answer is complete, so that the end is told from a cut.
func TestServerSaysGoodbye(t *testing.T) {
	t.Parallel()
	k := socketKind{server: seal, client: sealConn}
	w := k.dial(t, k.start(t, nil))
	w.send("POST /bayeux HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]")
	all, err := io.ReadAll(w.in)
	if err != nil || !bytes.HasSuffix(all, []byte("[]")) {
		t.Errorf("%q %v", all, err)
	}
}
