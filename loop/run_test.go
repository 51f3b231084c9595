package loop

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// A server that has ended leaves no goroutine, whatever was going on.
func TestNoGoroutineIsLeft(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	s := run(t, func(c *Config) { c.Loops = 4 })
	home := dial(t, s.Server)
	for range 20 {
		w, id := dial(t, s.Server), home.subscriber("/a")
		w.send(post(connect(id)))
		dial(t, s.Server).send("POST /bay")
	}
	mustPublish(t, s.Server, "/a", "1")
	s.stop()
	s.wait(t)
	goleak.VerifyNone(t, ignore)
}

// The port can be listened on again at once, by a server that knows nothing of
// the sessions of the one before.
func TestRestartOnTheSamePort(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *Config) { c.Loops = 2 })
	w := dial(t, s.Server)
	id := w.subscriber("/a")
	w.holdConnect(s.Server, id)
	for range 3 {
		address := s.Addresses()[0]
		s.stop()
		s.wait(t)
		w.mustClose()
		s = run(t, func(c *Config) { c.Loops, c.Listen = 2, []string{address} })
		w = dial(t, s.Server)
		reply := w.bayeux(connect(id))[0]
		equal(t, reply["error"], "402::session_unknown")
		id = w.subscriber("/a")
		w.holdConnect(s.Server, id)
	}
}

// Servers in one process share nothing.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	a, b := start(t, nil), start(t, nil)
	onA, onB := dial(t, a), dial(t, b)
	idA, idB := onA.subscriber("/a"), onB.subscriber("/a")
	equal(t, onB.bayeux(connect(idA))[0]["error"], "402::session_unknown")
	onA.holdConnect(a, idA)
	onB.holdConnect(b, idB)
	mustPublish(t, a, "/a", "1")
	mustPublish(t, b, "/a", "2")
	equal(t, events(onA.messages()), []string{"1"})
	equal(t, events(onB.messages()), []string{"2"})
}

// All listen addresses lead to the same sessions.
func TestSeveralAddresses(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) {
		c.Loops, c.Listen = 2, []string{"127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"}
	})
	equal(t, len(s.Addresses()), 3)
	home := dial(t, s)
	for _, address := range s.Addresses() {
		for range 3 {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			w, id := newWire(t, conn), home.subscriber("/a")
			w.holdConnect(s, id)
			mustPublish(t, s, "/a", "1")
			equal(t, events(w.messages()), []string{"1"})
			home.bayeux(fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, id))
		}
	}
}

// A taken port is an error that names the flag, whoever has it.
func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	other := start(t, nil)
	for _, address := range []string{l.Addr().String(), other.Addresses()[0]} {
		s, err := New(config(func(c *Config) { c.Listen = []string{"127.0.0.1:0", address} }))
		if err != nil {
			t.Fatal(err)
		}
		err = s.Run(context.Background())
		if err == nil || !strings.Contains(err.Error(), "--listen") || !strings.Contains(err.Error(), address) ||
			!strings.Contains(err.Error(), "in use") {
			t.Errorf("Run: %v", err)
		}
	}
}

// A configuration that cannot work is refused with the name of the flag.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for flag, change := range map[string]func(*Config){
		"--loops":               func(c *Config) { c.Loops = -1 },
		"--hold":                func(c *Config) { c.Hold = 0 },
		"--max-interval":        func(c *Config) { c.MaxInterval = 0 },
		"--max-message":         func(c *Config) { c.MaxMessage = 1 },
		"--max-header":          func(c *Config) { c.MaxHeader = 1 << 30 },
		"--max-batch":           func(c *Config) { c.Scanner.MaxMessages = 0 },
		"--max-output":          func(c *Config) { c.MaxOutput = 1 },
		"--max-connections":     func(c *Config) { c.MaxConnections = 1 << 40 },
		"--slow":                func(c *Config) { c.Slow = "sometimes" },
		"--rule":                func(c *Config) { c.Rules = []string{"/a wrong"} },
		"--advertise-host":      func(c *Config) { c.AdvertiseHosts = []string{"push.example", "http://push.example"} },
		"--mount":               func(c *Config) { c.Mounts = []string{"bayeux"} },
		"--unix-mode":           func(c *Config) { c.UnixMode = "0060" },
		"--tls-listen: there":   func(c *Config) { c.TLSListen = []string{":0"} },
		"--allow-origin: at":    func(c *Config) { c.AllowOrigin = make([]string, 1001) },
		"--mount: want":         func(c *Config) { c.Mounts = nil },
		"--listen: want":        func(c *Config) { c.Listen = nil },
		"--listen \"8080\"":     func(c *Config) { c.Listen = []string{":0", "8080"} },
		"--listen \":http:\"":   func(c *Config) { c.Listen = []string{":http:"} },
		"--listen \":80\" is":   func(c *Config) { c.Listen = []string{":80", ":81", ":80"} },
		"last segment alone":    func(c *Config) { c.Rules = []string{"/st*ck history=1"} },
		"1ms is not between":    func(c *Config) { c.Hold = 1_000_000 },
		"1 is not between 1KiB": func(c *Config) { c.QueueBytes = 1 },
		"--history-file":        func(c *Config) { c.HistoryFile = "/" },
		"--history-file: in a":  func(c *Config) { c.HistoryFile, c.Cluster = "/var/h", new(nodesCluster) },
		"--control: in a":       func(c *Config) { c.Control, c.Cluster = "/run/c", new(nodesCluster) },
		"--queue-messages":      func(c *Config) { c.QueueMessages = 0 },
		"--polls-per-browser":   func(c *Config) { c.PollsPerBrowser = -1 },
	} {
		if _, err := New(config(change)); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}

// An origin that no browser would ever name is refused, with the reason.
func TestAllowedOriginsAreOrigins(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"*": "", "https://a.example": "", "http://a.example:8080": "", "http://[::1]:80": "leave the port out",
		"http://[::1]:8080": "", "capacitor://localhost": "", "https://a.example:443": "leave the port out",
		"example.com": "want scheme://host", "https://a.example/": "want scheme://host", "https://A.example": "small letters",
		"https://a.example,https://b.example": "several flags", "null": "want scheme", "https://*.example": "want scheme", "": "want scheme",
	} {
		_, err := New(config(func(c *Config) { c.AllowOrigin = []string{text} }))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), "--allow-origin") || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// An address of all takes IPv4 and IPv6, however it is written.
func TestAllAddressesAreOfBothFamilies(t *testing.T) {
	t.Parallel()
	for _, address := range []string{":0", "[::]:0"} {
		s := start(t, func(c *Config) { c.Listen = []string{address} })
		_, port, err := net.SplitHostPort(s.Addresses()[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"127.0.0.1", "::1"} {
			conn, err := net.Dial("tcp", net.JoinHostPort(host, port))
			if err != nil {
				t.Errorf("%s by %s: %v", address, host, err)
				continue
			}
			equal(t, newWire(t, conn).ask(request("GET", "/")).StatusCode, 404)
		}
	}
}
