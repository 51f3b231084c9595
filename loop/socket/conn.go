package socket

import (
	"net"
	"net/netip"
	"time"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// Conn is the connection below a Socket, as gnet and the kernel know it: the same whatever its bytes mean.
type Conn struct{ gnet gnet.Conn }

// Fd is the number of its file, negative where there is none.
func (c Conn) Fd() int { return c.gnet.Fd() }

// Peer is the peer's address, the zero one if it is not one of TCP.
func (c Conn) Peer() netip.AddrPort {
	if address, ok := c.gnet.RemoteAddr().(*net.TCPAddr); ok {
		return address.AddrPort()
	}
	return netip.AddrPort{}
}

// Close ends it at once; gnet calls OnClose before Close returns.
func (c Conn) Close() { c.gnet.EventLoop().Close(c.gnet) }

// Cut ends its output behind what the kernel has: gnet cannot send any more of the rest.
func (c Conn) Cut() { unix.Shutdown(c.Fd(), unix.SHUT_WR) }

// SetLimits has it end when written bytes stay unacknowledged for timeout, and the kernel take no more output while notSent
// bytes wait to be sent; 0 leaves that to the kernel. An option of the listener would reach only the first loop's connections.
func (c Conn) SetLimits(timeout time.Duration, notSent int) {
	unix.SetsockoptInt(c.Fd(), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(timeout.Milliseconds()))
	if notSent > 0 {
		unix.SetsockoptInt(c.Fd(), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSent)
	}
}

// HungUp tells whether the peer has closed the connection, even if bytes from before are still to be read.
func (c Conn) HungUp() bool {
	polls := [1]unix.PollFd{hangup(c)}
	n, err := unix.Poll(polls[:], 0)
	return err == nil && n > 0
}

// Unread is how many bytes that the peer has sent the kernel still has.
func (c Conn) Unread() int { return c.ask(unix.SIOCINQ) }

// Unacknowledged is how many bytes the kernel still has that the peer has not confirmed.
func (c Conn) Unacknowledged() int { return c.ask(unix.SIOCOUTQ) }

func (c Conn) ask(question uint) int {
	n, err := unix.IoctlGetInt(c.Fd(), question)
	if err != nil {
		return 0
	}
	return n
}
