// Proved by TestForwardedFor, TestForwarded and FuzzClient.

package address

import (
	"bytes"
	"net/netip"
	"strings"

	"halley/httpparse"
)

// Client is who sends a request.
type Client struct {
	netip.AddrPort      // port 0 where a proxy does not tell it; the zero value where the client came by a unix socket
	Proxy          bool // a trusted proxy itself, on its own behalf: no limit of an address is for it
}

// Client is who sends the request q by a connection of peer. If a trusted proxy speaks for others, the list in its field is
// read from its end: each proxy has appended whom it got the request from, so what stands before the last one that is
// not trusted is anybody's word. Where the list is not as it should be there, the client is the peer. q may be nil.
func (t *Trust) Client(peer netip.AddrPort, q *httpparse.Request) Client {
	peer = unmapped(peer)
	if !t.Any() || !t.Believes(peer.Addr()) {
		return Client{AddrPort: peer}
	}
	if q == nil {
		return Client{peer, true}
	}
	list, told := t.list(q)
	if !told {
		return Client{peer, true}
	}
	nearest := peer
	for len(list) > 0 {
		var element []byte
		element, list = lastElement(list, t.standard)
		if element = bytes.Trim(element, " \t"); len(element) == 0 {
			continue // an empty element of a list counts for nothing (RFC 9110, 5.6.1.2)
		}
		address, ok := t.node(element)
		if !ok {
			return Client{AddrPort: peer}
		}
		if nearest = address; !t.Believes(address.Addr()) {
			return Client{AddrPort: address}
		}
	}
	return Client{nearest, true}
}

// list is the list of all lines of the field that counts, and whether it is there.
func (t *Trust) list(q *httpparse.Request) (list []byte, told bool) {
	if !t.standard && len(q.XForwardedFor) == 0 {
		return nil, false // the parser knows where it is
	}
	name := "X-Forwarded-For"
	if t.standard {
		name = "Forwarded"
	}
	q.Fields(func(field, value []byte) bool {
		switch {
		case !strings.EqualFold(string(field), name):
		case told:
			list = append(append(bytes.Clone(list), ','), value...)
		default:
			list, told = value, true
		}
		return true
	})
	return list, told
}

// lastElement cuts the last element off a list. With quotes, commas within a quoted string separate nothing. It reads from the
// end, so that what stands before cannot change how the last element is read.
func lastElement(list []byte, quotes bool) (element, before []byte) {
	quoted := false
	for i := len(list) - 1; i >= 0; i-- {
		switch {
		case list[i] == '"' && quotes && !(quoted && escaped(list[:i])):
			quoted = !quoted
		case list[i] == ',' && !quoted:
			return list[i+1:], list[:i]
		}
	}
	return list, nil
}

// escaped tells whether what follows text is escaped by the backslash at its end.
func escaped(text []byte) bool {
	return (len(text)-len(bytes.TrimRight(text, `\`)))%2 == 1
}

// node is the address in an element of the list: that of X-Forwarded-For as it is, that of Forwarded in its parameter "for".
func (t *Trust) node(element []byte) (netip.AddrPort, bool) {
	if !t.standard {
		return parseNode(element)
	}
	var found netip.AddrPort
	for len(element) > 0 {
		name, rest, ok := bytes.Cut(element, []byte("="))
		if !ok {
			return found, false
		}
		value, after, ok := parameter(rest)
		if !ok {
			return found, false
		}
		element = after
		if !bytes.EqualFold(bytes.Trim(name, " \t"), []byte("for")) {
			continue
		}
		if found.IsValid() { // (RFC 7239, 4: each parameter once)
			return found, false
		}
		if found, ok = parseNode(value); !ok {
			return found, false
		}
	}
	return found, found.IsValid()
}

// parameter cuts a value, a token or a quoted string, off the rest of a Forwarded element.
func parameter(text []byte) (value, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '"' {
		value, rest, _ = bytes.Cut(text, []byte(";"))
		return bytes.Trim(value, " \t"), rest, !bytes.ContainsAny(value, `"`)
	}
	end := bytes.IndexByte(text[1:], '"')
	if end < 0 {
		return nil, nil, false
	}
	value, rest = text[1:1+end], bytes.TrimLeft(text[end+2:], " \t")
	if len(rest) > 0 {
		if rest[0] != ';' {
			return nil, nil, false // an escaped quote, too: no address has one
		}
		rest = rest[1:]
	}
	return value, rest, true
}

// longestNode bounds what is looked at of an address: "[IPv6 with an IPv4 tail]:65535" has 53 bytes.
const longestNode = 64

// parseNode reads an address with or without a port, of IPv6 with or without brackets (RFC 7239, 6). Names that hide an
// address, such as unknown and _secret, are none.
func parseNode(text []byte) (netip.AddrPort, bool) {
	if len(text) == 0 || len(text) > longestNode {
		return netip.AddrPort{}, false
	}
	s := string(text)
	if inner, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(inner, "]") {
		s = strings.TrimSuffix(inner, "]")
		if !strings.Contains(s, ":") {
			return netip.AddrPort{}, false
		}
	}
	if address, err := netip.ParseAddr(s); err == nil {
		return unmapped(netip.AddrPortFrom(address, 0)), address.Zone() == ""
	}
	both, err := netip.ParseAddrPort(s)
	return unmapped(both), err == nil && both.Addr().Zone() == ""
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// Network is what an address counts as for its limits: a whole /64 of IPv6, which one customer has.
func Network(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := 64
	if address.Is4() {
		bits = 32
	}
	network, _ := address.Prefix(bits)
	return network
}
