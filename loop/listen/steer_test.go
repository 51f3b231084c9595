package listen

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"
)

// Connections are steered to the sockets that were bound last, and while the older ones close none is refused: the one
// that stands first behind them stays a newer one.
func TestSteer(t *testing.T) {
	old := []*net.TCPListener{bind(t, "127.0.0.1:0")}
	address := old[0].Addr().String()
	for range 2 {
		old = append(old, bind(t, address))
	}
	for _, l := range old {
		greet(l, "old")
	}
	for range 3 {
		greet(bind(t, address), "new")
	}
	copies, err := Shared(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, c := range copies {
			c.Close()
		}
	}()
	group, err := old[0].File()
	if err != nil {
		t.Fatal(err)
	}
	if err := Steer(group, Random(3, 3)); err != nil {
		t.Skip("the kernel does not steer: ", err)
	}
	if names := ask(t, address, 60); names["new"] != 60 {
		t.Errorf("%v", names)
	}
	if err := Steer(group, Random(3, 1)); err != nil {
		t.Fatal(err)
	}
	group.Close()
	var last *os.File
	for _, c := range copies { // the copies of the older ones would keep these in the group
		if sameFile(t, c, old) {
			c.Close()
		} else {
			last = c
		}
	}
	for _, l := range old {
		l.Close()
		if names := ask(t, address, 20); names["new"] != 20 {
			t.Errorf("%v", names)
		}
	}
	if err := Unsteer(last); err != nil {
		t.Error(err)
	}
	if names := ask(t, address, 20); names["new"] != 20 {
		t.Errorf("%v", names)
	}
}

// sameFile tells whether a copy is of one of some listeners.
func sameFile(t *testing.T, c *os.File, of []*net.TCPListener) bool {
	t.Helper()
	info, err := c.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range of {
		file, err := l.File()
		if err != nil {
			t.Fatal(err)
		}
		other, err := file.Stat()
		file.Close()
		if err == nil && os.SameFile(info, other) {
			return true
		}
	}
	return false
}

// askFrom connects from an address, and tells who accepted.
func askFrom(t *testing.T, from, address string) string {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: deadline}
	conn, err := dialer.Dial(TCP, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(deadline))
	name := make([]byte, 16)
	n, err := conn.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(name[:n])
}

// All connections of one address go to one socket, the one that Of tells, of IPv4 and IPv6, by a socket of one family and by one
// of both; behind others of the group, too.
func TestByAddress(t *testing.T) {
	for _, listening := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		for first := range 2 {
			t.Run(fmt.Sprint(listening, " ", first), func(t *testing.T) {
				const count = 5
				key := Key(0x1234567 + first)
				l := bind(t, listening)
				_, port, _ := net.SplitHostPort(l.Addr().String())
				again, _, _ := net.SplitHostPort(listening)
				again = net.JoinHostPort(again, port)
				for i := range first + count {
					if i > 0 {
						l = bind(t, again)
					}
					greet(l, fmt.Sprint(i))
				}
				group, err := l.File()
				if err != nil {
					t.Fatal(err)
				}
				defer group.Close()
				if err := Steer(group, key.ByAddress(first, count)); err != nil {
					t.Skip("the kernel does not steer: ", err)
				}
				var sources []string
				if listening != "[::1]:0" {
					for i := range 30 {
						sources = append(sources, fmt.Sprintf("127.0.%d.%d", i%3, i+1))
					}
				}
				if listening != "127.0.0.1:0" {
					sources = append(sources, "::1")
				}
				for _, from := range sources {
					to := "127.0.0.1:" + port
					if from == "::1" {
						to = "[::1]:" + port
					}
					want := fmt.Sprint(first + key.Of(netip.MustParseAddr(from), count))
					for range 3 {
						if got := askFrom(t, from, to); got != want {
							t.Errorf("from %s to socket %s, want %s", from, got, want)
						}
					}
				}
			})
		}
	}
}

// Addresses in a row, as those of an office or a provider, are spread over the sockets about as chance would do it. Those of one
// IPv6 network go together, and an IPv4 address as IPv6 is the same.
func TestKeySpreads(t *testing.T) {
	for _, count := range []int{2, 3, 8} {
		for k := range 20 {
			key := Key(k * 0x9e3779b1)
			for form, address := range map[string]func(i int) netip.Addr{
				"hosts":    func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) },
				"networks": func(i int) netip.Addr { return netip.AddrFrom4([4]byte{byte(i), byte(i >> 8), 3, 1}) },
				"IPv6": func(i int) netip.Addr {
					return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 0, byte(i >> 8), byte(i)})
				},
			} {
				const n = 2000
				got := make([]int, count)
				for i := range n {
					got[key.Of(address(i), count)]++
				}
				for socket, g := range got {
					if g*count > n*5/4 || g*count < n*3/4 {
						t.Errorf("key %x: %d of %d %s go to socket %d of %d", key, g, n, form, socket, count)
					}
				}
			}
		}
	}
	key := Key(7)
	for i := range 100 {
		a := netip.AddrFrom16([16]byte{0x20, 1, 5, byte(i), 0, 0, 0, 1, 9})
		b := a.As16()
		b[15] = byte(i)
		if key.Of(a, 8) != key.Of(netip.AddrFrom16(b), 8) {
			t.Errorf("%s is apart from its network", a)
		}
		v4 := netip.AddrFrom4([4]byte{1, 2, 3, byte(i)})
		if key.Of(v4, 8) != key.Of(netip.AddrFrom16(v4.As16()), 8) {
			t.Errorf("%s differs as IPv6", v4)
		}
	}
}
