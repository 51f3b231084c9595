package listen

import (
	"context"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// bind listens on an address and shares its port.
func bind(t *testing.T, address string) *net.TCPListener {
	t.Helper()
	share := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) (err error) {
		conn.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		return err
	}}
	share.SetMultipathTCP(false) // as gnet's
	l, err := share.Listen(context.Background(), TCP, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

// A process finds the sockets of a port that it shares, and no others.
func TestShared(t *testing.T) {
	first := bind(t, "127.0.0.1:0")
	address := first.Addr().String()
	bind(t, address)
	bind(t, "127.0.0.1:0")
	copies, err := Shared(address)
	if err != nil || len(copies) != 2 {
		t.Fatalf("%d, %v", len(copies), err)
	}
	for _, c := range copies {
		c.Close()
	}
	if copies, _ := Shared("127.0.0.2:" + address[len("127.0.0.1:"):]); len(copies) != 0 {
		t.Errorf("%d of another address", len(copies))
	}
}

// ask connects some times; the answers are the names of who accepted.
func ask(t *testing.T, address string, times int) map[string]int {
	t.Helper()
	names := make(map[string]int)
	for range times {
		conn, err := net.Dial(TCP, address)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(deadline))
		name, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		names[string(name)]++
	}
	return names
}

// What is withdrawn wakes its epoll instance no more, and waits for whoever has a copy; sockets that share no port stay.
func TestWithdraw(t *testing.T) {
	shared := bind(t, "127.0.0.1:0")
	alone, err := net.Listen(TCP, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	poller, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(poller)
	for _, l := range []net.Listener{shared, alone} {
		raw, err := l.(*net.TCPListener).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			err = unix.EpollCtl(poller, unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	wakes := func(timeout int) int {
		t.Helper()
		n, err := unix.EpollWait(poller, make([]unix.EpollEvent, 4), timeout)
		for err == unix.EINTR { // by a signal of the runtime's
			n, err = unix.EpollWait(poller, make([]unix.EpollEvent, 4), timeout)
		}
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := Withdraw([]int{poller}); err != nil {
		t.Fatal(err)
	}
	for i, l := range []net.Listener{shared, alone} {
		conn, err := net.Dial(TCP, l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if n := wakes(50 + i*int(deadline.Milliseconds())); n != i {
			t.Errorf("listener %d: %d events", i, n)
		}
	}
	greet(shared, "later")
	if names := ask(t, shared.Addr().String(), 3); names["later"] != 3 {
		t.Errorf("%v", names)
	}
}
