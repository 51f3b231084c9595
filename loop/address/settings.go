// Proved by TestTrust and TestTrustFaults.

// Package address finds out whose a request is: the peer's, or that of the client for whom a trusted proxy speaks, by a header
// field or by the PROXY protocol.
package address

import (
	"fmt"
	"net/netip"
	"strings"
)

// Settings are whom to believe, with the tags of package loop/settings.
type Settings struct {
	TrustedProxies []string `name:"trusted-proxy" type:"lines" group:"listener" sep:"none" placeholder:"CIDR" help:"Network or address of a proxy that says for whom it speaks, or unix for those that come by a unix socket; repeatable (default none)."`
	ForwardedField string   `name:"forwarded-field" group:"listener" default:"x-forwarded-for" enum:"x-forwarded-for,forwarded" help:"The header field in which trusted proxies name the client: x-forwarded-for, or forwarded (RFC 7239). The other one is anybody's word."`
	ProxyProtocol  []string `name:"proxy-protocol" type:"lines" group:"listener" sep:"none" placeholder:"ADDRESS" help:"Address of --listen or --tls-listen whose connections begin with a header of the PROXY protocol, from trusted proxies alone; repeatable (default none)."`
}

// Trust is whose word about its clients counts. It does not change. The zero Trust believes nobody.
type Trust struct {
	networks []netip.Prefix
	unix     bool // peers without an address, which come by a unix socket
	standard bool // the field is Forwarded
}

// unixPeers stands for all peers that come by a unix socket.
const unixPeers = "unix"

// NewTrust checks the settings. An error names the flag to change.
func NewTrust(s Settings) (t Trust, err error) {
	t.standard = s.ForwardedField == "forwarded"
	for _, text := range s.TrustedProxies {
		if text == unixPeers {
			t.unix = true
			continue
		}
		network, err := parseNetwork(text)
		if err != nil {
			return t, fmt.Errorf("--trusted-proxy %q: want an address, a network such as 10.0.0.0/8, or %s", text, unixPeers)
		}
		t.networks = append(t.networks, network)
	}
	if len(s.ProxyProtocol) > 0 && !t.Any() {
		return t, fmt.Errorf("--proxy-protocol %s: want a --trusted-proxy that may send its header", s.ProxyProtocol[0])
	}
	return t, nil
}

// parseNetwork reads a network, or an address as a network of one.
func parseNetwork(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		network, err := netip.ParsePrefix(text)
		if address := network.Addr(); err == nil && address.Is4In6() && network.Bits() >= 96 {
			network = netip.PrefixFrom(address.Unmap(), network.Bits()-96)
		}
		return network.Masked(), err
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	address = address.Unmap().WithZone("")
	return address.Prefix(address.BitLen())
}

// Any tells whether anybody is believed.
func (t *Trust) Any() bool { return t.unix || len(t.networks) > 0 }

// Believes tells whether the word of the peer at an address counts; the zero address is that of a unix socket.
func (t *Trust) Believes(peer netip.Addr) bool {
	if !peer.IsValid() {
		return t.unix
	}
	peer = peer.Unmap().WithZone("")
	for _, network := range t.networks {
		if network.Contains(peer) {
			return true
		}
	}
	return false
}
