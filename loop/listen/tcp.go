// Proved by TestAt and TestSettled.

package listen

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Settled is a TCP listener with the port that it will have. Each event loop has a listener of its own, and all must
// have the same: for port 0 a free one is found. Another program that listens there is an error, but for a predecessor,
// whose sockets there are inherited.
func (l Listener) Settled(inherited []net.Listener) (Listener, error) {
	var err error
	if len(inherited) > 0 {
		if l.anyPort() {
			l.Address = inherited[0].Addr().String()
		}
		return l, nil
	}
	if l.anyPort() {
		l.Address, err = freePort(l.Address)
		return l, err
	}
	return l, probe(l.Address)
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

func freePort(address string) (string, error) {
	l, err := net.Listen(NetworkOf(address), address)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// probe fails if another program listens on address: sharing the port, which
// event loops do, would otherwise hide it.
func probe(address string) error {
	reuse := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) error {
		var err error
		conn.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		})
		return err
	}}
	l, err := reuse.Listen(context.Background(), NetworkOf(address), address)
	if err != nil {
		return err
	}
	return l.Close()
}
