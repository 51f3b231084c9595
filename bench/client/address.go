package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"

	"halley/bench/wire"
)

// target is a server that requests go to.
type target struct {
	endpoint wire.Endpoint
	address  address
}

func newTarget(url, ca string, sources int) (target, error) {
	endpoint, err := wire.ParseEndpoint(url)
	if err != nil {
		return target{}, err
	}
	a, err := resolve(endpoint.Host, sources)
	if err != nil || !endpoint.Secure {
		return target{endpoint, a}, err
	}
	if a.secure, err = trust(ca); err == nil {
		a.secure.ServerName, _, err = net.SplitHostPort(endpoint.Host)
	}
	return target{endpoint, a}, err
}

// targets are the servers of a run: those for Bayeux and, if publishes go elsewhere, others.
type targets struct {
	bayeux, internal   []target
	first, subscribers int // as in Config
}

func newTargets(c *Config) (targets, error) {
	t := targets{first: c.First, subscribers: c.Subscribers}
	if len(c.URLs) == 0 {
		return t, errors.New("no URL")
	}
	for _, url := range c.URLs {
		one, err := newTarget(url, c.CA, c.Sources)
		if err != nil {
			return t, err
		}
		t.bayeux = append(t.bayeux, one)
	}
	for _, url := range c.PublishURLs {
		one, err := newTarget(url, c.CA, 0)
		if err != nil {
			return t, fmt.Errorf("publish URL: %w", err)
		}
		t.internal = append(t.internal, one)
	}
	return t, nil
}

// apart reports whether publishes go to servers that take them without a session.
func (t *targets) apart() bool { return len(t.internal) > 0 }

// outside reports whether a request goes to one of those.
func (t *targets) outside(what request) bool { return t.apart() && what == publish }

// of is the server that a request of a session goes to. Subscribers are dealt out by their numbers in the whole run, the
// others by theirs in this process.
func (t *targets) of(session int32, what request) *target {
	n := int(session) - t.subscribers
	if n < 0 {
		n = t.first + int(session)
	}
	if t.outside(what) {
		return &t.internal[n%len(t.internal)]
	}
	return &t.bayeux[n%len(t.bayeux)]
}

// address is a resolved server and the source addresses to reach it from.
type address struct {
	remote  unix.Sockaddr
	family  int
	sources int         // how many addresses of 127.0.0.0/8 to spread over; 0 leaves the choice to the kernel
	buffer  int         // bytes of the kernel's receive buffer; 0 leaves the choice to the kernel
	secure  *tls.Config // nil without TLS
}

// smallBuffer is about the least receive buffer that Linux grants.
const smallBuffer = 4096

// resolve looks a host:port up once, before the run. On loopback the connections are
// spread over sources addresses, since one source has only 28,000 ports towards one server.
func resolve(host string, sources int) (address, error) {
	tcp, err := net.ResolveTCPAddr("tcp", host)
	if err != nil {
		return address{}, fmt.Errorf("resolve %s: %w", host, err)
	}
	if v4 := tcp.IP.To4(); v4 != nil {
		a := address{remote: &unix.SockaddrInet4{Port: tcp.Port, Addr: [4]byte(v4)}, family: unix.AF_INET}
		if v4[0] == 127 {
			a.sources = sources
		}
		return a, nil
	}
	return address{remote: &unix.SockaddrInet6{Port: tcp.Port, Addr: [16]byte(tcp.IP.To16())}, family: unix.AF_INET6}, nil
}

// source is the i-th source address: 127.0.8.1 upwards, 250 to each /24.
func (a address) source(i int) *unix.SockaddrInet4 {
	i %= a.sources
	return &unix.SockaddrInet4{Addr: [4]byte{127, 0, byte(8 + i/250), byte(1 + i%250)}}
}
