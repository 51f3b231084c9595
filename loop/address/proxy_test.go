package address

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"
)

// v2 is a header of version 2, of a family and a command, with its address block.
func v2(command, family byte, block string) string {
	return string(proxyproto.SIGV2) + string([]byte{command, family, byte(len(block) >> 8), byte(len(block))}) + block
}

const (
	block4 = "\xc6\x33\x64\x09\x0a\x00\x00\x01\x12\x67\x00\x50"
	block6 = "\x20\x01\x0d\xb9\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x12\x67\x00\x50"
)

type headerCase struct {
	header, source string // "" is none named
	fault          bool
}

func headerCases() []headerCase {
	return []headerCase{
		{"PROXY TCP4 198.51.100.9 10.0.0.1 4711 80\r\n", "198.51.100.9:4711", false},
		{"PROXY TCP6 2001:db9::1 2001:db8::2 4711 80\r\n", "[2001:db9::1]:4711", false},
		{"PROXY TCP6 ::ffff:198.51.100.9 ::ffff:10.0.0.1 4711 80\r\n", "198.51.100.9:4711", false},
		{"PROXY UNKNOWN\r\n", "", false},
		{"PROXY UNKNOWN " + strings.Repeat("f", 80) + "\r\n", "", false},
		{v2(0x21, 0x11, block4), "198.51.100.9:4711", false},
		{v2(0x21, 0x21, block6), "[2001:db9::1]:4711", false},
		{v2(0x21, 0x11, block4+"\x04\x00\x03abc"), "198.51.100.9:4711", false}, // with a TLV
		{v2(0x20, 0x00, ""), "", false},                                        // LOCAL: a health check
		{v2(0x20, 0x11, block4), "", false},                                    // LOCAL, whatever addresses it has
		{v2(0x20, 0x11, ""), "", false},
		{v2(0x21, 0x31, strings.Repeat("\x00", 216)), "", false}, // a unix socket's client
		{"GET / HTTP/1.1\r\n", "", true},
		{"\x16\x03\x01\x02\x00\x01", "", true},
		{"PROXY", "", false},
		{"PROXY TCP4 198.51.100.9 10.0.0.1 4711 80\n", "", true},
		{"PROXY TCP4 198.51.100.9 10.0.0.1 4711\r\n", "", true},
		{"PROXY TCP4 2001:db9::1 10.0.0.1 4711 80\r\n", "", true},
		{"PROXY TCP4 198.51.100.9 10.0.0.1 70000 80\r\n", "", true},
		{"PROXY " + strings.Repeat("x", 200), "", true},
		{v2(0x31, 0x11, block4), "", true},
		{v2(0x22, 0x11, block4), "", true},
		{v2(0x21, 0x13, block4), "", true},
		{v2(0x21, 0x11, block4[:8]), "", true},
		{v2(0x21, 0x00, ""), "", true},
		{v2(0x21, 0x11, strings.Repeat("x", int(proxyproto.MaxV2HeaderSize)+1)), "", true},
	}
}

// check compares what was read with what a case has.
func (c headerCase) check(t *testing.T, source netip.AddrPort, n int, err error) {
	t.Helper()
	named := ""
	if source.IsValid() {
		named = source.String()
	}
	whole := len(c.header)
	if c.fault || c.header == "PROXY" {
		whole = 0
	}
	if (err != nil) != c.fault || named != c.source || n != whole {
		t.Errorf("%.40q: %q, %d bytes, %v", c.header, named, n, err)
	}
}

func TestProxyHeaders(t *testing.T) {
	var r ProxyReader
	for _, c := range headerCases() {
		source, n, err := r.Read([]byte(c.header))
		c.check(t, source, n, err)
		if !c.fault && n > 0 { // what follows is the request's
			source, n, err = r.Read([]byte(c.header + "GET / HTTP/1.1\r\n\r\n"))
			c.check(t, source, n, err)
		}
	}
}

// A header that comes in pieces is read when it has come whole, and a fault is told no later.
func TestProxyHeadersInPieces(t *testing.T) {
	var r ProxyReader
	for _, c := range headerCases() {
		faulty := false
		for i := range len(c.header) {
			source, n, err := r.Read([]byte(c.header)[:i])
			if source.IsValid() || n != 0 || err != nil && !c.fault || faulty && err == nil {
				t.Fatalf("%.40q: after %d bytes %v, %d, %v", c.header, i, source, n, err)
			}
			faulty = err != nil
		}
	}
}

// Whatever comes is a header as the library has it, whole, or a part of one, or a fault; what follows changes nothing.
func FuzzProxyHeader(f *testing.F) {
	for _, c := range headerCases() {
		f.Add([]byte(c.header))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r ProxyReader
		source, n, err := r.Read(text)
		if n < 0 || n > len(text) || err != nil && n > 0 || source.IsValid() && n == 0 {
			t.Fatalf("%v, %d, %v", source, n, err)
		}
		if n == 0 {
			return
		}
		again, m, err := new(ProxyReader).Read(append(bytes.Clone(text[:n]), "GET"...))
		if again != source || m != n || err != nil {
			t.Fatalf("%v, %d, %v: first %v, %d", again, m, err, source, n)
		}
		if source.IsValid() { // it means the same when it is written again
			header := proxyproto.HeaderProxyFromAddrs(2, net.TCPAddrFromAddrPort(source), &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1})
			written, _ := header.Format()
			if same, _, err := r.Read(written); err != nil || same != source {
				t.Fatalf("%v is written as %q, %v", source, written, err)
			}
		}
	})
}
