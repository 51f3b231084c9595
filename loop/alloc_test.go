package loop

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/panjf2000/gnet/v2"
)

// fakeSocket stands in for gnet's connection, so that what our own code allocates
// can be counted. What it does not override is not called.
type fakeSocket struct {
	gnet.Conn
	loop    *fakeLoop
	context any
	in      []byte
	written int
	last    []byte
	slow    bool // what is written waits
	waits   int
}

func (s *fakeSocket) Context() any              { return s.context }
func (s *fakeSocket) SetContext(c any)          { s.context = c }
func (s *fakeSocket) EventLoop() gnet.EventLoop { return s.loop }
func (s *fakeSocket) Fd() int                   { return -1 }
func (s *fakeSocket) RemoteAddr() net.Addr      { return nil }
func (s *fakeSocket) InboundBuffered() int      { return len(s.in) }
func (s *fakeSocket) OutboundBuffered() int     { return s.waits }

func (s *fakeSocket) Peek(n int) ([]byte, error) {
	if n <= 0 {
		n = len(s.in)
	}
	return s.in[:n], nil
}

func (s *fakeSocket) Discard(n int) (int, error) {
	s.in = s.in[n:]
	return n, nil
}

func (s *fakeSocket) Write(p []byte) (int, error) {
	s.written++
	if s.slow {
		s.waits += len(p)
	}
	s.last = append(s.last[:0], p...)
	return len(p), nil
}

// fakeLoop runs posted tasks when told to.
type fakeLoop struct {
	gnet.EventLoop
	tasks []gnet.Runnable
}

func (l *fakeLoop) Execute(_ context.Context, task gnet.Runnable) error {
	l.tasks = append(l.tasks, task)
	return nil
}

func (l *fakeLoop) Close(gnet.Conn) error { return nil }

func (l *fakeLoop) run() {
	for i := 0; i < len(l.tasks); i++ {
		l.tasks[i].Run(context.Background())
	}
	l.tasks = l.tasks[:0]
}

// bench is a server without a network and n subscribers of /a that hold a poll.
type bench struct {
	server  *Server
	loop    *fakeLoop
	sockets []*fakeSocket
	polls   [][]byte
	other   *fakeSocket
	publish []byte
}

func (b *bench) open() *fakeSocket {
	s := &fakeSocket{loop: b.loop}
	b.server.events.OnOpen(s)
	return s
}

func (b *bench) traffic(s *fakeSocket, text string) {
	s.in = []byte(text)
	b.server.events.OnTraffic(s)
}

func newBench(t testing.TB, n int) *bench { return newBenchOf(t, n, 1) }

// newBenchOf has further loops, to which no connection comes.
func newBenchOf(t testing.TB, n, loops int) *bench {
	cfg := DefaultConfig()
	cfg.Loops = loops
	cfg.MaxConnections = n + 10
	cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{server: server, loop: new(fakeLoop)}
	for range n {
		s := b.open()
		id := b.handshake(t, s)
		b.traffic(s, post("["+connect(id)+","+subscribe(id, "/a")+"]"))
		b.sockets = append(b.sockets, s)
		b.polls = append(b.polls, []byte(post(connect(id))))
	}
	b.other = b.open()
	b.publish = []byte(post(publish(b.handshake(t, b.other), "/a", `{"price":167.4100}`)))
	b.poll()
	if held := server.reactors[0].core.Stats().Held; held != int64(n) {
		t.Fatalf("%d polls held, want %d", held, n)
	}
	return b
}

func (b *bench) handshake(t testing.TB, s *fakeSocket) string {
	b.traffic(s, post(`{"channel":"/meta/handshake"}`))
	_, body, _ := strings.Cut(string(s.last), "\r\n\r\n")
	return decode(t, body)[0]["clientId"].(string)
}

// poll sends every subscriber's next connect.
func (b *bench) poll() {
	for i, s := range b.sockets {
		s.in = b.polls[i]
		b.server.events.OnTraffic(s)
	}
}

// cycle publishes once, delivers to every subscriber and holds their next polls.
func (b *bench) cycle() {
	b.other.in = b.publish
	b.server.events.OnTraffic(b.other)
	b.loop.run()
	b.poll()
}

// A publish allocates the event, once, whatever the number of subscribers; the
// cycle of delivering it and holding the next poll allocates nothing. (Each burst
// also wakes its loop, for which gnet allocates twice.)
func TestAllocations(t *testing.T) {
	for _, n := range []int{1, 10, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			b := newBench(t, n)
			for range 100 {
				b.cycle()
			}
			if got := testing.AllocsPerRun(200, b.cycle); got > 1 {
				t.Errorf("%v allocations for a publish to %d subscribers, want 1", got, n)
			}
			if want := 2 + 100 + 201; b.sockets[0].written != want {
				t.Errorf("%d writes to a subscriber, want %d", b.sockets[0].written, want)
			}
		})
	}
}

// BenchmarkCycle is our own share of a delivery: all of it but the kernel's and
// gnet's.
func BenchmarkCycle(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bench := newBench(b, n)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				bench.cycle()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/delivery")
		})
	}
}
