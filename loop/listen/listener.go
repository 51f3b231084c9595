// Package listen has the addresses that a server listens on: their forms, and the sockets that gnet cannot open.
package listen

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
)

// Listener is one address that a server listens on. The zero Listener is none.
type Listener struct {
	Network string // TCP, Unix or Given
	Address string // host:port, a path, or the name of what is given
	TLS     bool   // its connections begin with a TLS handshake
	Proxy   bool   // and before that with a header of the PROXY protocol
}

// The networks of a listener.
const (
	TCP  = "tcp"
	Unix = "unix"
	// Given are sockets that another program listens on already, and gives to this one by a name.
	Given = "fd"
)

// Most is how many listeners a server may have: a connection keeps the number of its own in a byte.
const Most = 64

// How the address of a unix socket begins, before its path, and that of sockets that are given, before their name.
const (
	unixPrefix  = "unix:"
	givenPrefix = "fd:"
)

// longestPath is how long the path of a unix socket may be: the kernel has 108 bytes, of which the last is zero, and the
// socket is made under a name that is somewhat longer.
const longestPath = 107 - len(beside)

// Parse reads an address as the flags take it: host:port, :port, [::]:port, unix:/path or fd:name.
func Parse(text string) (Listener, error) {
	if name, given := strings.CutPrefix(text, givenPrefix); given {
		if name == "" {
			return Listener{}, fmt.Errorf("%q: want fd: and the name of a socket (LISTEN_FDNAMES)", text)
		}
		return Listener{Network: Given, Address: name}, nil
	}
	path, unix := strings.CutPrefix(text, unixPrefix)
	if !unix {
		return Listener{Network: TCP, Address: text}, CheckAddress(text)
	}
	switch {
	case !filepath.IsAbs(path) || strings.HasSuffix(path, "/"):
		return Listener{}, fmt.Errorf("%q: want unix: and the whole path of a socket, such as unix:/run/halley.sock", text)
	case len(path) > longestPath:
		return Listener{}, fmt.Errorf("%q: the path has more than %d bytes", text, longestPath)
	}
	return Listener{Network: Unix, Address: filepath.Clean(path)}, nil
}

// String is the address as the flags take it.
func (l Listener) String() string {
	switch l.Network {
	case Unix:
		return unixPrefix + l.Address
	case Given:
		return givenPrefix + l.Address
	}
	return l.Address
}

// anyPort tells whether the system is to choose the port.
func (l Listener) anyPort() bool { return l.Network == TCP && strings.HasSuffix(l.Address, ":0") }

// ParseAll reads the addresses of the two flags, the plain ones first. An error begins with the flag's name.
func ParseAll(plain, tls []string) (list []Listener, err error) {
	for _, flag := range []struct {
		name  string
		texts []string
		tls   bool
	}{{"--listen", plain, false}, {"--tls-listen", tls, true}} {
		for _, text := range flag.texts {
			l, err := Parse(text)
			if err != nil {
				return nil, fmt.Errorf("%s %w", flag.name, err)
			}
			if l.TLS = flag.tls; taken(list, l) {
				return nil, fmt.Errorf("%s %q is given twice", flag.name, text)
			}
			list = append(list, l)
		}
	}
	switch {
	case len(list) == 0:
		return nil, errors.New("--listen: want at least one address")
	case len(list) > Most:
		return nil, fmt.Errorf("--listen: want at most %d addresses", Most)
	}
	return list, nil
}

// taken tells whether list has the address of l, whatever is spoken there.
func taken(list []Listener, l Listener) bool {
	for _, other := range list {
		if other.Network == l.Network && other.Address == l.Address && !l.anyPort() {
			return true
		}
	}
	return false
}

// CheckAddress tells what is wrong with the form of a TCP address to listen on.
func CheckAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q: want host:port or :port", address)
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return fmt.Errorf("%q: %q is no port", address, port)
	}
	return nil
}

// NetworkOf is what package net has to be told to listen at a TCP address: it would take
// 0.0.0.0 for IPv6 as well.
func NetworkOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if ip, bad := netip.ParseAddr(host); err == nil && bad == nil && ip.Is4() {
		return "tcp4"
	}
	return "tcp"
}
