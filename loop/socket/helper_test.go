package socket

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// deadline bounds every wait of these tests; it is long because machines are busy.
const deadline = time.Minute

// host is a loop whose connections are plain sockets.
type host struct {
	gnet.BuiltinEventEngine
	engine  gnet.Engine
	booted  chan struct{}
	sockets chan *Plain
	traffic func(*Plain) // on the loop, when input has come
	closed  chan *Plain
}

func (h *host) OnBoot(engine gnet.Engine) gnet.Action {
	h.engine = engine
	close(h.booted)
	return gnet.None
}

func (h *host) OnOpen(conn gnet.Conn) ([]byte, gnet.Action) {
	p := Over(conn)
	conn.SetContext(&p)
	h.sockets <- &p
	return nil, gnet.None
}

func (h *host) OnTraffic(conn gnet.Conn) gnet.Action {
	if h.traffic != nil {
		h.traffic(conn.Context().(*Plain))
	}
	return gnet.None
}

func (h *host) OnClose(conn gnet.Conn, _ error) gnet.Action {
	of, _ := conn.Context().(*Plain)
	h.closed <- of
	return gnet.None
}

// open runs a host until the test ends, and gives one of its sockets with the client's end.
func open(t *testing.T, h *host) (*Plain, *net.TCPConn) {
	t.Helper()
	h.booted, h.sockets, h.closed = make(chan struct{}), make(chan *Plain, 8), make(chan *Plain, 8)
	var running sync.WaitGroup
	running.Go(func() { gnet.Run(h, "tcp://127.0.0.1:0", gnet.WithLogger(silent{})) })
	<-h.booted
	t.Cleanup(func() {
		asked, cancel := context.WithCancel(context.Background())
		cancel()
		h.engine.Stop(asked)
		running.Wait()
	})
	client, err := net.Dial("tcp", h.address(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	client.SetDeadline(time.Now().Add(deadline))
	return <-h.sockets, client.(*net.TCPConn)
}

// address is where a host listens.
func (h *host) address(t *testing.T) string {
	t.Helper()
	fd, err := h.engine.Dup()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint("127.0.0.1:", name.(*unix.SockaddrInet4).Port)
}

// silent is a logger of gnet that logs nothing.
type silent struct{}

func (silent) Debugf(string, ...any) {}
func (silent) Infof(string, ...any)  {}
func (silent) Warnf(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}

// task is a function that a loop runs.
type task func()

// Run implements gnet.Runnable.
func (f task) Run(context.Context) error { f(); return nil }

// on runs call on the loop of p and waits for it.
func on(t *testing.T, p *Plain, call func()) {
	t.Helper()
	done := make(chan struct{})
	err := p.conn.gnet.EventLoop().Execute(context.Background(), task(func() { defer close(done); call() }))
	if err != nil {
		t.Fatal(err)
	}
	<-done
}

// eventually waits until ok, which runs on the loop of p.
func eventually(t *testing.T, p *Plain, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); ; time.Sleep(time.Millisecond) {
		yes := false
		if on(t, p, func() { yes = ok() }); yes {
			return
		}
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
	}
}
