package loop

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"

	"halley/bayeux"
	"halley/loop/socket"
)

// byHeader has connections begin with a header of the PROXY protocol.
func byHeader(c *Config) {
	byProxies(c)
	c.ProxyProtocol = c.Listen
}

// header is one of the PROXY protocol that names a client.
func header(t testing.TB, version byte, client string) string {
	t.Helper()
	from, err := net.ResolveTCPAddr("tcp", client)
	if err != nil {
		t.Fatal(err)
	}
	text, err := proxyproto.HeaderProxyFromAddrs(version, from, &net.TCPAddr{IP: net.ParseIP("192.0.2.80"), Port: 80}).Format()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A connection with a header of the PROXY protocol is the client's that this names, however it comes, and whatever its bytes mean
// behind the header. Its limits are that client's. A proxy's health check is its own.
func TestProxyProtocol(t *testing.T) {
	eachSocket(t, func(t *testing.T, k socketKind) {
		a := &witness{callers: map[string]bayeux.Caller{}}
		s := k.start(t, func(c *Config) { byHeader(c); c.Authority, c.AddressConnections = a, 1 })
		check := func(channel, header, want string, pieces int) *wire {
			t.Helper()
			plain := raw(t, s)
			if want == "" {
				want = plain.LocalAddr().String()
			}
			for rest := header; rest != ""; {
				n := len(rest)
				if pieces > 1 {
					n = min(n, max(1, len(header)/pieces))
					time.Sleep(time.Millisecond)
				}
				plain.send(rest[:n])
				rest = rest[n:]
			}
			w := newWire(t, secured(s, k.wire(plain).Conn))
			id := w.handshake()
			equal(t, w.bayeux(publish(id, channel, "1"))[0]["successful"], true)
			equal(t, a.caller("2"+channel+"[]").Address, want)
			return w
		}
		first := check("/v1", header(t, 1, "198.51.100.9:4711"), "198.51.100.9:4711", 1)
		check("/v2", header(t, 2, "[2001:db8::7]:4711"), "[2001:db8::7]:4711", 1)
		check("/pieces/v1", header(t, 1, "198.51.100.10:4711"), "198.51.100.10:4711", 5)
		check("/pieces/v2", header(t, 2, "198.51.100.11:4711"), "198.51.100.11:4711", 100)
		for _, channel := range []string{"/local/1", "/local/2"} {
			check(channel, string(proxyproto.SIGV2)+"\x20\x00\x00\x00", "", 1)
		}
		check("/unknown", "PROXY UNKNOWN\r\n", "", 1)
		second := raw(t, s)
		second.send(header(t, 1, "198.51.100.9:4712"))
		told := map[bool]string{true: "HTTP/1.1 429 ", false: socket.AlertBusy}[k.config == nil]
		if rest := second.mustClose(); !strings.HasPrefix(rest, told) {
			t.Errorf("a second connection gets %q", rest)
		}
		equal(t, s.Stats().ClientsRefused[manyConnections], 1)
		first.Close()
		eventually(t, func() bool { return s.Stats().Connections == 6 })
		check("/room", header(t, 1, "198.51.100.9:4713"), "198.51.100.9:4713", 1)
	})
}

// ends tells whether a connection is closed without an answer.
func ends(t *testing.T, w *wire) {
	t.Helper()
	w.SetReadDeadline(time.Now().Add(deadline))
	if text, err := io.ReadAll(w.in); len(text) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%q, %v before the end", text, err)
	}
}

// Where a header is due, nothing else is served: no request without one, no damaged one, none that does not come, and none of
// who is not trusted. Each is counted by its cause and told with the peer's address.
func TestProxyProtocolFaults(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s := start(t, func(c *Config) {
		byHeader(c)
		c.HeaderTimeout, c.Log = 300*time.Millisecond, slog.New(slog.NewTextHandler(&log, nil))
	})
	for _, text := range []string{post("[]"), "PROXY TCP4 1.2.3.4\r\n", "PROXY", "", string(proxyproto.SIGV2)} {
		w := dial(t, s)
		w.send(text)
		ends(t, w)
	}
	equal(t, s.Stats().ClientsRefused[noProxyHeader], 5)
	equal(t, strings.Contains(log.String(), "cause=proxy-header client=127.0.0.1:"), true) // as TestNotices has it, once in a while
	strange := start(t, func(c *Config) {
		c.TrustedProxies, c.ProxyProtocol, c.Log = []string{"10.0.0.0/8"}, c.Listen, slog.New(slog.NewTextHandler(&log, nil))
	})
	w := dial(t, strange)
	io.WriteString(w.Conn, header(t, 1, "198.51.100.9:1")+post("[]"))
	ends(t, w)
	equal(t, strange.Stats().ClientsRefused[strangeProxy], 1)
	equal(t, strings.Count(log.String(), "cause=untrusted-proxy client=127.0.0.1:"), 1)
}

// What can never work is refused at the start, with the flag's name.
func TestTrustSettings(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"--trusted-proxy":   func(c *Config) { c.TrustedProxies = []string{"proxy.example"} },
		"--proxy-protocol":  func(c *Config) { byProxies(c); c.ProxyProtocol = []string{":1"} },
		"--forwarded-field": func(c *Config) { c.ForwardedField = "via" },
	} {
		if _, err := New(config(change)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
