package listen

import (
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Each form is read as it is meant, and what is none is refused with what was given.
func TestParse(t *testing.T) {
	long := "unix:/" + strings.Repeat("x", longestPath)
	for text, want := range map[string]Listener{
		":8080":             {Network: TCP, Address: ":8080"},
		"127.0.0.1:0":       {Network: TCP, Address: "127.0.0.1:0"},
		"[::]:80":           {Network: TCP, Address: "[::]:80"},
		"unix:/run/a.sock":  {Network: Unix, Address: "/run/a.sock"},
		"unix:/run//b.sock": {Network: Unix, Address: "/run/b.sock"},
		long[:len(long)-1]:  {Network: Unix, Address: long[5 : len(long)-1]},
		"fd:web":            {Network: Given, Address: "web"}, "fd:": {},
		"8080": {}, ":http:": {}, "": {}, "127.0.0.1:70000": {}, "unix:": {}, "unix:a.sock": {}, "unix:/": {}, "unix:/run/": {}, long: {},
	} {
		got, err := Parse(text)
		if want == (Listener{}) {
			if err == nil || text != "" && !strings.Contains(err.Error(), text) {
				t.Errorf("%q: %+v, %v", text, got, err)
			}
		} else if err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

// One address is listened on once, whatever is spoken there; an error names the flag.
func TestParseAll(t *testing.T) {
	list, err := ParseAll([]string{":0", ":0", "unix:/a"}, []string{":443"})
	if err != nil || len(list) != 4 || list[2].TLS || !list[3].TLS || list[2].String() != "unix:/a" || list[3].String() != ":443" {
		t.Errorf("%v, %v", list, err)
	}
	for _, tt := range []struct {
		plain, tls []string
		want       string
	}{
		{nil, nil, "--listen: want at least one"},
		{[]string{":80", ":80"}, nil, `--listen ":80" is given twice`},
		{[]string{":80"}, []string{":80"}, `--tls-listen ":80" is given twice`},
		{[]string{"unix:/a"}, []string{"unix://a"}, "--tls-listen"},
		{nil, []string{"443"}, "--tls-listen"},
		{strings.Split(strings.Repeat(":0 ", Most+1), " ")[:Most+1], nil, "at most 64"},
	} {
		if _, err := ParseAll(tt.plain, tt.tls); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v %v: %v", tt.plain, tt.tls, err)
		}
	}
}

// An IPv4 address is not listened on by IPv6 as well.
func TestNetworkOf(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:80": "tcp4", "127.0.0.1:80": "tcp4", ":80": "tcp", "[::]:80": "tcp", "[::1]:80": "tcp", "localhost:80": "tcp", "80": "tcp",
	} {
		if got := NetworkOf(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

// A connection's listener is found by address and port, or by the port.
func TestAt(t *testing.T) {
	list := []Listener{{Network: Unix, Address: "/a"}, {Network: TCP, Address: "127.0.0.1:1"}, {Network: TCP, Address: "127.0.0.2:1"}, {Network: TCP, Address: "[::]:2"}, {Network: TCP, Address: "0.0.0.0:3"}}
	for address, want := range map[string]int{"127.0.0.1:1": 1, "127.0.0.2:1": 2, "[::]:2": 3, ":2": 3, "127.0.0.9:3": 4, "[::ffff:127.0.0.2]:1": 2} {
		at, err := net.ResolveTCPAddr("tcp", address)
		if got := At(list, at); err != nil || got != want {
			t.Errorf("%s: %d, want %d, %v", address, got, want, err)
		}
	}
	if got := At(list, &net.UnixAddr{Name: "/a"}); got != 0 {
		t.Errorf("a unix address: %d", got)
	}
}

// A port of 0 is settled to one that is free, and a port that another has is an error.
func TestSettled(t *testing.T) {
	l, hold, err := Listener{Network: TCP, Address: "127.0.0.1:0"}.Settled(nil)
	if err != nil || hold == nil || strings.HasSuffix(l.Address, ":0") || l.URL() != "tcp://"+l.Address {
		t.Fatalf("%v, %v", l, err)
	}
	if other, err := net.Listen(TCP, l.Address); err == nil {
		other.Close()
		t.Error("another program has got the port")
	}
	loop, err := listenShared(l.Address, unix.SO_REUSEADDR, unix.SO_REUSEPORT)
	if err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial(TCP, l.Address); err != nil { // which goes to the loop's
		t.Error(err)
	} else {
		conn.Close()
	}
	loop.Close()
	hold.Close()
	other, err := net.Listen(TCP, l.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, _, err := l.Settled(nil); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Error(err)
	}
	for _, tt := range []struct {
		address string
		ipv6    bool
		want    string
	}{
		{"[::]:80", true, "tcp://:80"}, {":80", true, "tcp://:80"}, {"[::]:80", false, "tcp://0.0.0.0:80"},
		{":80", false, "tcp://0.0.0.0:80"}, {"0.0.0.0:80", true, "tcp://0.0.0.0:80"}, {"[::1]:80", true, "tcp://[::1]:80"},
	} {
		if got := (Listener{Network: TCP, Address: tt.address}).url(tt.ipv6); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.address, got, tt.want)
		}
	}
}
