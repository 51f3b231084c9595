package address

import (
	"net/netip"
	"strings"
	"testing"

	"halley/httpparse"
)

func trust(t testing.TB, s Settings) *Trust {
	t.Helper()
	made, err := NewTrust(s)
	if err != nil {
		t.Fatal(err)
	}
	return &made
}

// parse is a request with some header fields.
func parse(t testing.TB, fields ...string) *httpparse.Request {
	t.Helper()
	text := strings.Join(append([]string{"GET / HTTP/1.1", "Host: h"}, fields...), "\r\n") + "\r\n\r\n"
	q, limits := new(httpparse.Request), httpparse.Limits{}
	if n, err := limits.Parse(q, []byte(text), 0); n == 0 || err != nil {
		t.Fatalf("%q: %d, %v", text, n, err)
	}
	return q
}

const proxy, stranger = "10.0.0.1:4711", "203.0.113.7:4712"

// client tells how a client is known: its address and port, and whether it is a proxy.
func client(c Client) string {
	if c.Proxy {
		return c.AddrPort.String() + " proxy"
	}
	return c.AddrPort.String()
}

func TestTrust(t *testing.T) {
	some := trust(t, Settings{TrustedProxies: []string{"10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::ffff:198.51.100.0/120", "unix"}})
	for address, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "11.0.0.1": false, "192.0.2.1": true, "192.0.2.2": false, "2001:db8:1::1": true,
		"2001:db9::1": false, "198.51.100.77": true, "198.51.101.1": false, "fe80::1%lo": false, "2001:db8::1%lo": true,
	} {
		if got := some.Believes(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	none := trust(t, Settings{})
	if !some.Believes(netip.Addr{}) || none.Believes(netip.Addr{}) || none.Any() || !some.Any() {
		t.Error("peers of unix sockets")
	}
}

func TestTrustFaults(t *testing.T) {
	for _, s := range []Settings{
		{TrustedProxies: []string{"10.0.0.0/8", "proxy.example"}}, {TrustedProxies: []string{""}}, {TrustedProxies: []string{"10.0.0.0/33"}},
	} {
		if _, err := NewTrust(s); err == nil || !strings.HasPrefix(err.Error(), "--trusted-proxy ") {
			t.Errorf("%v: %v", s, err)
		}
	}
	if _, err := NewTrust(Settings{ProxyProtocol: []string{":80"}}); err == nil || !strings.HasPrefix(err.Error(), "--proxy-protocol :80: want") {
		t.Errorf("a header that nobody may send: %v", err)
	}
}

// X-Forwarded-For counts from proxies alone, from its end to the first who is none. Nothing that a client puts before that
// changes whom it is taken for.
func TestForwardedFor(t *testing.T) {
	some := trust(t, Settings{TrustedProxies: []string{"10.0.0.0/8", "2001:db8::/32"}})
	for _, c := range []struct{ peer, fields, want string }{
		{stranger, "X-Forwarded-For: 198.51.100.9", stranger},
		{proxy, "", proxy + " proxy"},
		{proxy, "X-Forwarded-For: 198.51.100.9", "198.51.100.9:0"},
		{"[::ffff:10.0.0.1]:1", "X-Forwarded-For: 198.51.100.9", "198.51.100.9:0"},
		{proxy, "X-Forwarded-For: 198.51.100.9:88", "198.51.100.9:88"},
		{proxy, "X-Forwarded-For: ::ffff:198.51.100.9", "198.51.100.9:0"},
		{proxy, "X-Forwarded-For: 2001:db9::1", "[2001:db9::1]:0"},
		{proxy, "X-Forwarded-For: [2001:db9::1]", "[2001:db9::1]:0"},
		{proxy, "X-Forwarded-For: [2001:db9::1]:443", "[2001:db9::1]:443"},
		{proxy, "X-Forwarded-For: 1.1.1.1, 198.51.100.9", "198.51.100.9:0"},
		{proxy, "X-Forwarded-For: garbage\",, 198.51.100.9 ,10.0.0.2,2001:db8::5", "198.51.100.9:0"},
		{proxy, "X-Forwarded-For: 1.1.1.1;x-forwarded-for: 198.51.100.9;X-FORWARDED-FOR: 10.0.0.3", "198.51.100.9:0"},
		{proxy, "X-Forwarded-For: 198.51.100.9, ,", "198.51.100.9:0"},
		{proxy, "X-Forwarded-For: 10.0.0.8, 10.0.0.9", "10.0.0.8:0 proxy"},
		{proxy, "X-Forwarded-For: ", proxy + " proxy"},
		{proxy, "X-Forwarded-For: unknown", proxy},
		{proxy, "X-Forwarded-For: 198.51.100.9, unknown", proxy},
		{proxy, "X-Forwarded-For: 198.51.100.9, 10.0.0.256", proxy},
		{proxy, "X-Forwarded-For: fe80::1%eth0", proxy},
		{proxy, "X-Forwarded-For: [198.51.100.9]", proxy},
		{proxy, "X-Forwarded-For: 198.51.100.9:99999", proxy},
		{proxy, "X-Forwarded-For: " + strings.Repeat("1", 100), proxy},
		{proxy, "Forwarded: for=198.51.100.9", proxy + " proxy"}, // the other field is anybody's word
	} {
		if got := client(some.Client(netip.MustParseAddrPort(c.peer), parse(t, split(c.fields)...))); got != c.want {
			t.Errorf("%s with %q is %s, want %s", c.peer, c.fields, got, c.want)
		}
	}
}

func split(fields string) []string {
	if fields == "" {
		return nil
	}
	return strings.Split(fields, ";")
}

// Forwarded is read as RFC 7239 has it, from its end; quotes before the last element do not reach into it.
func TestForwarded(t *testing.T) {
	some := trust(t, Settings{TrustedProxies: []string{"10.0.0.0/8"}, ForwardedField: "forwarded"})
	for value, want := range map[string]string{
		`for=198.51.100.9`: "198.51.100.9:0",
		`For=198.51.100.9;proto=http;by=203.0.113.43`:    "198.51.100.9:0",
		`proto=https; for=198.51.100.9`:                  "198.51.100.9:0",
		`for="[2001:db9:cafe::17]:4711"`:                 "[2001:db9:cafe::17]:4711",
		`for="198.51.100.9:81";host="a,b;c"`:             "198.51.100.9:81",
		`for=1.1.1.1, for=198.51.100.9, for=10.0.0.2`:    "198.51.100.9:0",
		`for="1.1.1.1, for=198.51.100.9`:                 "198.51.100.9:0",
		`for="\", for=198.51.100.9`:                      "198.51.100.9:0",
		`for=1.1.1.1;by="x\"y,", for="198.51.100.9"`:     "198.51.100.9:0",
		`for=198.51.100.9, for="10.0.0.4:80"`:            "198.51.100.9:0",
		`for=10.0.0.3`:                                   "10.0.0.3:0 proxy",
		`for=unknown`:                                    proxy,
		`for=_hidden`:                                    proxy,
		`for="_hidden:80"`:                               proxy,
		`by=203.0.113.43`:                                proxy,
		`198.51.100.9`:                                   proxy,
		`for=198.51.100.9;for=198.51.100.8`:              proxy,
		`for="198.51.100.9`:                              proxy,
		`for=198.51.100.9"`:                              proxy,
		`for="198.51.100.9"x`:                            proxy,
		`for="198.51.\100.9"`:                            proxy,
		`for=198.51.100.9, by=10.0.0.2`:                  proxy,
		``:                                               proxy + " proxy",
		strings.Repeat(`for="10.0.0.9",`, 200) + `for=x`: proxy,
	} {
		if got := client(some.Client(netip.MustParseAddrPort(proxy), parse(t, "Forwarded: "+value, "X-Forwarded-For: 1.2.3.4"))); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
	two := parse(t, `Forwarded: for="1.1.1.1`, `forwarded: for=198.51.100.9`)
	if got := client(some.Client(netip.MustParseAddrPort(proxy), two)); got != "198.51.100.9:0" {
		t.Errorf("two lines: %s", got)
	}
}

// A client without a request is who the connection is of: a proxy, or a stranger.
func TestClientOfNoRequest(t *testing.T) {
	some := trust(t, Settings{TrustedProxies: []string{"10.0.0.0/8", "unix"}})
	for peer, want := range map[netip.AddrPort]string{
		netip.MustParseAddrPort(proxy): proxy + " proxy", netip.MustParseAddrPort(stranger): stranger, {}: netip.AddrPort{}.String() + " proxy",
	} {
		if got := client(some.Client(peer, nil)); got != want {
			t.Errorf("%v is %s", peer, got)
		}
	}
}

// Whatever a client sends, what a trusted proxy appends behind it decides.
func FuzzClient(f *testing.F) {
	f.Add(`1.1.1.1`, true)
	f.Add(`for="\`, true)
	f.Add(`",,"`, false)
	f.Fuzz(func(t *testing.T, sent string, standard bool) {
		s := Settings{TrustedProxies: []string{"10.0.0.0/8"}}
		field, appended := "X-Forwarded-For: ", "198.51.100.9"
		if standard {
			s.ForwardedField, field, appended = "forwarded", "Forwarded: ", `for="198.51.100.9"`
		}
		q, limits := new(httpparse.Request), httpparse.Limits{}
		text := "GET / HTTP/1.1\r\nHost: h\r\n" + field + sent + ", " + appended + "\r\n\r\n"
		if n, err := limits.Parse(q, []byte(text), 0); n != len(text) || err != nil || strings.Contains(sent, "\n") {
			return
		}
		if got := client(trust(t, s).Client(netip.MustParseAddrPort(proxy), q)); got != "198.51.100.9:0" {
			t.Errorf("%q is taken for %s", text, got)
		}
	})
}

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7/32", "::ffff:192.0.2.7": "192.0.2.7/32", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%lo": "fe80::/64",
	} {
		if got := Network(netip.MustParseAddr(address)).String(); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}
