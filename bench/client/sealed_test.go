package client

import (
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halley/bench/faulty"
	"halley/bench/wire"
)

// sealedServer is a server of https, and the file of its authority.
func sealedServer(t *testing.T, faults faulty.Faults) (server *faulty.Server, ca string) {
	t.Helper()
	server = faulty.StartTLS(10*time.Second, faults)
	t.Cleanup(server.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, server.CA(), 0o600); err != nil {
		t.Fatal(err)
	}
	return server, ca
}

// Over TLS every connection type delivers all, messages larger than the reader's buffer included.
func TestOverTLS(t *testing.T) {
	for _, style := range append(pushStyles(), wire.LongPolling, wire.CallbackPolling) {
		for _, size := range []int{100, 20_000, 300_000} {
			t.Run(fmt.Sprint(style, " ", size), func(t *testing.T) {
				t.Parallel()
				server, ca := sealedServer(t, faulty.Faults{Fragment: true})
				config := sampleConfig(server.URL())
				config.CA, config.Style, config.Subscribers, config.Size = ca, style, 4, size
				r := startRig(t, config)
				r.ramp(4)
				res := r.publish(5, 20, 20)
				if err := res.Counts.Check(20); err != nil || res.Progress.Faults.Total() != 0 {
					t.Errorf("%v, faults %+v", err, res.Progress.Faults)
				}
			})
		}
	}
}

// Connections that are broken on purpose are made anew.
func TestKillsOverTLS(t *testing.T) {
	server, ca := sealedServer(t, faulty.Faults{})
	config := sampleConfig(server.URL())
	config.CA = ca
	r := startRig(t, config)
	r.ramp(20)
	r.fleet.Kill(100)
	r.until("kills", func(p Progress) bool { return p.Killed >= 50 })
	r.fleet.Kill(0)
	r.until("all back", func(p Progress) bool { return p.Held == 20 })
}

// A server that cannot be trusted, speaks no TLS, or says nothing, is a fault of dialling or of time.
func TestHandshakesThatFail(t *testing.T) {
	untrusted, _ := sealedServer(t, faulty.Faults{})
	plain := faulty.Start(10*time.Second, faulty.Faults{})
	t.Cleanup(plain.Close)
	other := httptest.NewTLSServer(nil)
	t.Cleanup(other.Close)
	_, ca := sealedServer(t, faulty.Faults{})
	silent, deaf := listener(t, false), listener(t, true)
	for name, tt := range map[string]struct{ url, ca, want string }{
		"not trusted":  {untrusted.URL(), "", "TLS handshake: tls: failed to verify certificate"},
		"other name":   {strings.Replace(untrusted.URL(), "127.0.0.1", "localhost", 1), ca, "TLS handshake: tls: failed to verify certificate"},
		"plain HTTP":   {strings.Replace(plain.URL(), "http:", "https:", 1), ca, "first record does not look like a TLS handshake"},
		"says nothing": {silent, ca, "no answer after"},
		"hangs up":     {deaf, ca, "TLS handshake: "},
	} {
		config := sampleConfig(tt.url)
		config.CA, config.ReplyTimeout, config.Publishers = tt.ca, 1500*time.Millisecond, 0
		r := startRig(t, config)
		r.fleet.Ramp(2, 0)
		p := r.until(name, func(p Progress) bool { return p.Faults.Total() > 0 })
		if !strings.Contains(p.Faults.First, tt.want) {
			t.Errorf("%s: %q, want %s", name, p.Faults.First, tt.want)
		}
	}
	config := sampleConfig(untrusted.URL())
	config.CA = ca + "/none"
	if _, err := New(config, NewClock(Monotonic()), nil); err == nil || !strings.Contains(err.Error(), "authorities: ") {
		t.Errorf("without the file: %v", err)
	}
}

// listener is the URL of somebody who says nothing, or hangs up at once.
func listener(t *testing.T, hangsUp bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if hangsUp {
				c.Close()
			} else {
				t.Cleanup(func() { c.Close() })
			}
		}
	}()
	return "https://" + l.Addr().String() + "/bayeux"
}
