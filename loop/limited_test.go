package loop

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"halley/bayeux"
)

// byProxies has requests come from a trusted proxy.
func byProxies(c *Config) { c.TrustedProxies = []string{"127.0.0.0/8"} }

// of is the field by which a proxy says whose a request is.
func of(client string) string { return "X-Forwarded-For: 6.6.6.6, " + client }

// What a proxy says of its clients is whose the requests are, for authorities too; a websocket stays its first client's.
func TestClients(t *testing.T) {
	t.Parallel()
	a := &witness{callers: map[string]bayeux.Caller{}}
	s := start(t, func(c *Config) { byProxies(c); c.Authority = a })
	w := dial(t, s)
	id := w.handshake()
	w.ask(postWith("/bayeux", publish(id, "/direct", "1")))
	w.ask(postWith("/bayeux", publish(id, "/one", "1"), of("192.0.2.1")))
	w.ask(postWith("/bayeux", publish(id, "/two", "1"), of("[2001:db8::1]:99, 127.0.0.9")))
	equal(t, w.ask(upgradeRequest(of("192.0.2.3")+"\r\n")).StatusCode, 101)
	w.roundTrip(publish(id, "/socket", "1"))
	for channel, want := range map[string]string{"direct": w.LocalAddr().String(), "one": "192.0.2.1:0", "two": "[2001:db8::1]:99", "socket": "192.0.2.3:0"} {
		equal(t, a.caller("2/"+channel+"[]").Address, want)
	}
	w.Close()
	eventually(t, func() bool { return s.Stats().Connections == 0 })
	if err := s.visit(t.Context(), func(r *reactor) { equal(t, len(r.told), 0) }); err != nil {
		t.Error(err)
	}
}

// Who has used up what an address may send is answered 429 with the time to wait, whatever is asked for, before a body has
// come. Others are served, and so is a proxy's own request. It is counted, and told in the log.
func TestAddressLimits(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s, _ := startStill(t, func(c *Config) {
		byProxies(c)
		c.MessageRate, c.AllowOrigin = 1, []string{"https://a.example"}
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	w := dial(t, s)
	batch := "[" + strings.Repeat(`{"channel":"/meta/handshake","version":"1.0"},`, 9)
	batch = strings.TrimSuffix(batch, ",") + "]"
	equal(t, w.ask(postWith("/bayeux", batch, of("192.0.2.1"))).StatusCode, 200) // one batch may be more than a second's messages
	for _, text := range []string{
		request("GET", "/", of("192.0.2.1")), request("GET", "/events?channel=/a", of("192.0.2.1")), request("OPTIONS", "/bayeux", of("192.0.2.1")),
		upgradeRequest(of("192.0.2.1") + "\r\n"), request("GET", "/bayeux?message=%5B%5D", of("192.0.2.1"), "Origin: https://a.example"),
	} {
		got := w.ask(text)
		equal(t, got.StatusCode, 429)
		if wait, err := strconv.Atoi(got.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 10 {
			t.Errorf("wait %d s, %v", wait, err)
		}
	}
	equal(t, w.ask(request("GET", "/", of("192.0.2.1"), "Origin: https://a.example")).Header.Get(allowOrigin), "https://a.example")
	for i := range 5 {
		equal(t, w.ask(postWith("/bayeux", "[]", of(fmt.Sprint("198.51.100.", i)))).StatusCode, 200)
		equal(t, w.ask(post("[]")).StatusCode, 200)
	}
	long := dial(t, s)
	long.send("POST /bayeux HTTP/1.1\r\nHost: h\r\n" + of("192.0.2.1") + "\r\nContent-Length: 60000\r\n\r\n")
	got := long.read()
	equal(t, got.StatusCode, 429)
	equal(t, got.Close, true)
	equal(t, s.Stats().ClientsRefused[manyMessages], 7)
	equal(t, strings.Count(log.String(), "cause=messages client=192.0.2.1:0 times=1"), 1)
}

// A websocket of an address that sends too much is closed with 1013; so are those whose client a proxy names.
func TestAddressLimitsOfSockets(t *testing.T) {
	t.Parallel()
	for kind, set := range map[cause]func(*Config){
		manyMessages: func(c *Config) { c.MessageRate = 5 }, manyBytes: func(c *Config) { c.ByteRate = 1000 },
	} {
		for _, fields := range []string{"", of("192.0.2.1") + "\r\n"} {
			s := start(t, func(c *Config) {
				if set(c); fields != "" {
					byProxies(c)
				}
			})
			w := dial(t, s)
			equal(t, w.ask(upgradeRequest(fields)).StatusCode, 101)
			w.send(strings.Repeat(maskedFrame(1, "[]"+strings.Repeat(" ", 98)), 30))
			w.mustCloseWith(1013)
			equal(t, s.Stats().ClientsRefused[kind] > 0, true)
		}
	}
}

// An address has so many connections at once; one that ends makes room. Trusted proxies have as many as they need.
func TestAddressConnections(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.AddressConnections = 2 })
	first, second := dial(t, s), dial(t, s)
	equal(t, first.ask(post("[]")).StatusCode, 200)
	equal(t, second.ask(post("[]")).StatusCode, 200)
	third := dial(t, s)
	got := third.read()
	equal(t, got.StatusCode, 429)
	equal(t, got.Header.Get("Retry-After"), "5")
	equal(t, got.body, "too many connections from this address\n")
	third.mustEnd()
	from := func(address string) int {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
		conn, err := dialer.Dial("tcp", s.Addresses()[0])
		if err != nil {
			t.Fatal(err)
		}
		return newWire(t, conn).ask(post("[]")).StatusCode
	}
	equal(t, from("127.0.0.2"), 200)
	first.Close()
	eventually(t, func() bool {
		conn, err := net.Dial("tcp", s.Addresses()[0])
		if err != nil {
			return false
		}
		w := newWire(t, conn)
		w.send(post("[]"))
		got, err := w.tryRead()
		return err == nil && got.StatusCode == 200
	})
	if n := s.Stats().ClientsRefused[manyConnections]; n < 1 {
		t.Errorf("%d were refused", n)
	}
}

// Of a client that a proxy names the requests count that wait for their answer, streams and websockets among them. The
// proxy's own connections go on, and carry other clients.
func TestConnectionsBehindProxies(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { byProxies(c); c.Loops, c.AddressConnections = 2, 2 })
	const client, other = "192.0.2.1", "192.0.2.2"
	for range 3 {
		w := dial(t, s)
		equal(t, w.ask(postWith("/bayeux", "[]", of(client))).StatusCode, 200)
		defer w.Close()
	}
	poll, stream := dial(t, s), dial(t, s)
	id := poll.subscriber("/a")
	poll.send(postWith("/bayeux", connect(id), of(client)))
	eventually(t, func() bool { return isHeld(s, id) })
	stream.openStream(getRequest("/events?channel=/b", of(client)+"\r\n"))
	w := dial(t, s)
	refused := func(text string) {
		t.Helper()
		got := w.ask(text)
		equal(t, got.StatusCode, 429)
		equal(t, got.Header.Get("Retry-After"), "5")
		equal(t, got.body, "too many connections from this address\n")
	}
	refused(request("GET", "/", of(client)))
	refused(upgradeRequest(of(client) + "\r\n"))
	equal(t, w.ask(postWith("/bayeux", "[]", of(other))).StatusCode, 200)
	equal(t, w.ask(post("[]")).StatusCode, 200) // the proxy's own
	mustPublish(t, s, "/a", "1")
	equal(t, events(poll.messages()), []string{"1"})
	socket := dial(t, s)
	eventually(t, func() bool { // the poll's loop has written the reply before it counts one less
		return socket.ask(upgradeRequest(of(client)+"\r\n")).StatusCode == 101
	})
	refused(request("GET", "/", of(client)))
	socket.Close()
	stream.Close()
	eventually(t, func() bool { return w.ask(request("GET", "/nothing", of(client))).StatusCode == 404 })
	if err := s.loops.visit(t.Context(), func(r *reactor) { equal(t, len(r.spokenFor), 0) }); err != nil {
		t.Error(err)
	}
	if n := s.Stats().ClientsRefused[manyConnections]; n < 3 {
		t.Errorf("%d were refused", n)
	}
}

// The limit of handshakes goes by the client that a proxy names, not by the proxy.
func TestLimitsOfProxies(t *testing.T) {
	t.Parallel()
	s, _ := startStill(t, func(c *Config) { byProxies(c); c.HandshakeRate = 1 })
	w := dial(t, s)
	for i := range 3 {
		equal(t, w.ask(postWith("/bayeux", handshakeMessage, of(fmt.Sprint("192.0.2.", i)))).StatusCode, http.StatusOK)
		w.handshake()
	}
	equal(t, w.ask(postWith("/bayeux", handshakeMessage, of("192.0.2.2"))).StatusCode, 429)
	equal(t, w.ask(request("GET", "/events?channel=/a", of("192.0.2.1"))).StatusCode, 429)
}

// Notices of one cause come once in a while, and say how many they stand for.
func TestNotices(t *testing.T) {
	var log lockedBuffer
	n := notices{log: slog.New(slog.NewTextHandler(&log, nil))}
	for i, at := range []int64{0, 1, noticeEvery - 1, noticeEvery, 2*noticeEvery - 1} {
		n.tell(manyBytes, netip.MustParseAddrPort(fmt.Sprintf("192.0.2.%d:1", i)), at)
	}
	n.tell(manyMessages, netip.MustParseAddrPort("192.0.2.9:1"), 1)
	for want, times := range map[string]int{
		"cause=bytes client=192.0.2.0:1 times=1": 1, "cause=bytes client=192.0.2.3:1 times=3": 1, "cause=messages client=192.0.2.9:1 times=1": 1, "level=": 3,
	} {
		equal(t, strings.Count(log.String(), want), times)
	}
}

// A client has one name, on listeners of both families too.
func TestNamesOfClients(t *testing.T) {
	for name, client := range map[string]netip.AddrPort{
		"127.0.0.1:8080": netip.MustParseAddrPort("[::ffff:127.0.0.1]:8080"), "[::1]:8080": netip.MustParseAddrPort("[::1]:8080"), "unix": {},
	} {
		equal(t, nameOf(client), name)
	}
}
