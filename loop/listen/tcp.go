// Proved by TestAt and TestSettled.

package listen

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Settled is a TCP listener with the port that it will have. Each event loop has a listener of its own, and all must
// have the same: for port 0 a free one is found, which nobody else gets before hold is closed. Another program that listens
// there is an error, but for a predecessor, whose sockets there are inherited. hold may be nil.
func (l Listener) Settled(inherited []net.Listener) (at Listener, hold io.Closer, err error) {
	if len(inherited) > 0 {
		if l.anyPort() {
			l.Address = inherited[0].Addr().String()
		}
		return l, nil, nil
	}
	if l.anyPort() {
		l.Address, hold, err = freePort(l.Address)
		return l, hold, err
	}
	return l, nil, probe(l.Address)
}

// URL is a TCP listener as gnet is told of it. It would take [::] for IPv6 alone; Go's own listeners take both families, or
// IPv4 on a host without IPv6, where gnet finds no socket.
func (l Listener) URL() string { return l.url(hasIPv6()) }

func (l Listener) url(ipv6 bool) string {
	host, port, err := net.SplitHostPort(l.Address)
	switch {
	case err != nil || host != "" && host != "::":
		return "tcp://" + l.Address
	case ipv6:
		return "tcp://:" + port
	}
	return "tcp://0.0.0.0:" + port
}

// hasIPv6 tells whether the kernel has IPv6: it may be built or started without.
func hasIPv6() bool {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

// At finds the number of the listener with a local address, as gnet tells it of connections: the one with its
// address and port, or else the first with its port.
func At(list []Listener, local net.Addr) int {
	at, ok := local.(*net.TCPAddr)
	if !ok {
		return 0
	}
	found := 0
	for i := len(list) - 1; i >= 0; i-- {
		known, err := net.ResolveTCPAddr("tcp", list[i].Address)
		if list[i].Network != TCP || err != nil || known.Port != at.Port {
			continue
		}
		if found = i; sameHost(known, at) {
			return i
		}
	}
	return found
}

// sameHost tells whether two addresses are of one host; any is one, too.
func sameHost(a, b *net.TCPAddr) bool {
	return hostOf(a) == hostOf(b)
}

func hostOf(a *net.TCPAddr) netip.Addr {
	host := a.AddrPort().Addr().Unmap()
	if !host.IsValid() || host.IsUnspecified() && len(a.IP) != net.IPv4len {
		return netip.Addr{}
	}
	return host
}

// freePort finds a port that nobody has, and keeps it: a connection that goes out may get any port that nobody has.
func freePort(address string) (settled string, hold io.Closer, err error) {
	l, err := listenShared(address, unix.SO_REUSEADDR, unix.SO_REUSEPORT)
	if err != nil {
		return "", nil, err
	}
	defer l.Close()
	if socket, err := bound(l.Addr().(*net.TCPAddr)); err == nil { // without one the port is free most likely
		hold = socket
	}
	return l.Addr().String(), hold, nil
}

// bound is a socket that has an address together with others of this process, and gets no connections.
func bound(at *net.TCPAddr) (*os.File, error) {
	family, to := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: at.Port, Addr: [16]byte(at.IP.To16())})
	if ip := at.IP.To4(); ip != nil {
		family, to = unix.AF_INET, &unix.SockaddrInet4{Port: at.Port, Addr: [4]byte(ip)}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	socket := os.NewFile(uintptr(fd), "port")
	err = errors.Join(share(fd, unix.SO_REUSEPORT), unix.Bind(fd, to)) // with SO_REUSEADDR another program could listen there
	if err != nil {
		socket.Close()
		return nil, err
	}
	return socket, nil
}

// share sets options of a socket by which it may have an address together with others.
func share(fd int, options ...int) (err error) {
	for _, option := range options {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1))
	}
	return err
}

// listenShared listens at an address by a socket with some of these options.
func listenShared(address string, options ...int) (net.Listener, error) {
	c := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) (err error) {
		conn.Control(func(fd uintptr) { err = share(int(fd), options...) })
		return err
	}}
	return c.Listen(context.Background(), NetworkOf(address), address)
}

// probe fails if another program listens on address: sharing the port, which
// event loops do, would otherwise hide it.
func probe(address string) error {
	l, err := listenShared(address, unix.SO_REUSEADDR)
	if err != nil {
		return err
	}
	return l.Close()
}
