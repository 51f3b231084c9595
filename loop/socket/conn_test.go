package socket

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// The kernel tells of a peer that has closed, and of what it sent before, though nothing is read.
func TestHungUp(t *testing.T) {
	p, client := open(t, &host{})
	on(t, p, func() {
		if p.Conn().HungUp() {
			t.Error("it has closed before it did")
		}
		io.WriteString(client, "abc")
		client.Close()
		for end := time.Now().Add(deadline); !p.Conn().HungUp() && time.Now().Before(end); {
		}
		if n := p.Conn().Unread(); n != 3 {
			t.Errorf("%d bytes unread, want 3", n)
		}
	})
}

// Peers are asked of together, and told apart.
func TestPeers(t *testing.T) {
	first, client := open(t, &host{})
	second, other := open(t, &host{})
	var peers Peers
	ask := func() (any bool, gone [2]bool) {
		peers.Reset()
		peers.Add(first.Conn())
		peers.Add(second.Conn())
		any = peers.Ask()
		return any, [2]bool{peers.Gone(0), peers.Gone(1)}
	}
	if peers.Ask() {
		t.Error("one of none has gone")
	}
	if any, gone := ask(); any || gone != [2]bool{} {
		t.Errorf("gone %v %v", any, gone)
	}
	on(t, second, func() {
		other.Close()
		for end := time.Now().Add(deadline); !second.Conn().HungUp() && time.Now().Before(end); {
		}
		if any, gone := ask(); !any || gone != [2]bool{false, true} {
			t.Errorf("gone %v %v, want the second", any, gone)
		}
	})
	client.Close()
}

// addressed is a connection of gnet that has an address and no more.
type addressed struct {
	gnet.Conn
	net.Addr
}

func (a addressed) RemoteAddr() net.Addr { return a.Addr }

// A peer has an address if it came by TCP.
func TestPeer(t *testing.T) {
	p, client := open(t, &host{})
	on(t, p, func() {
		if got := p.Conn().Peer().String(); got != client.LocalAddr().String() {
			t.Errorf("%s, want %s", got, client.LocalAddr())
		}
	})
	for _, none := range []net.Addr{nil, &net.UnixAddr{Name: "@"}} {
		if got := (Conn{addressed{Addr: none}}).Peer(); got != (netip.AddrPort{}) {
			t.Errorf("%v of %v", got, none)
		}
	}
}

// Limits are options of the connection's own socket.
func TestSetLimits(t *testing.T) {
	p, _ := open(t, &host{})
	p.Conn().SetLimits(7*time.Second, 0)
	for option, want := range map[int]int{unix.TCP_USER_TIMEOUT: 7000, unix.TCP_NOTSENT_LOWAT: 0} {
		if got, err := unix.GetsockoptInt(p.Conn().Fd(), unix.IPPROTO_TCP, option); got != want || err != nil {
			t.Errorf("option %d is %d, want %d: %v", option, got, want, err)
		}
	}
	p.Conn().SetLimits(time.Second, 4096)
	if got, _ := unix.GetsockoptInt(p.Conn().Fd(), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); got != 4096 {
		t.Errorf("%d bytes, want 4096", got)
	}
}

// Output ends behind what the kernel has when it is cut, although gnet has more; Close tells the loop before it returns.
func TestCutAndClose(t *testing.T) {
	h := &host{}
	p, client := open(t, h)
	on(t, p, func() {
		p.Write(make([]byte, much))
		p.Conn().Cut()
		p.Conn().Close()
		select {
		case <-h.closed:
		default:
			t.Error("it is not closed yet")
		}
	})
	got, err := io.ReadAll(client)
	if len(got) >= much {
		t.Errorf("all came: %v", err)
	}
}
