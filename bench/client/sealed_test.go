package client

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
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
		config.CA, config.Publishers = tt.ca, 0
		if tt.url == silent {
			config.ReplyTimeout = 1500 * time.Millisecond
		}
		r := startRig(t, config)
		r.fleet.Ramp(2, 0)
		p := r.until(name, func(p Progress) bool { return p.Faults.Total() > 0 })
		if !strings.Contains(p.Faults.First, tt.want) {
			t.Errorf("%s: %q, want %s", name, p.Faults.First, tt.want)
		}
	}
	waiting := func() bool {
		stacks := make([]byte, 1<<20)
		return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("client.(*pipe).Read"))
	}
	for limit := time.Now().Add(time.Minute); waiting(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("a handshake goes on after its connection")
		}
	}
	config := sampleConfig(untrusted.URL())
	config.CA = ca + "/none"
	if _, err := New(config, NewClock(Monotonic()), nil); err == nil || !strings.Contains(err.Error(), "authorities: ") {
		t.Errorf("without the file: %v", err)
	}
}

// What TLS has to say by itself while it reads goes to the server: here, that a record is bad.
func TestTLSAnswersByItself(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	config := sampleConfig("https://" + l.Addr().String() + "/bayeux")
	config.CA, config.Publishers = ca, 0
	startRig(t, config).fleet.Ramp(1, 0)
	raw, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	raw.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := tls.Server(raw, &tls.Config{Certificates: server.TLS.Certificates}).Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Write([]byte{23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}); err != nil {
		t.Fatal(err)
	}
	if said, err := io.ReadAll(raw); len(said) == 0 || err != nil {
		t.Errorf("%d bytes, %v; want an alert and the end", len(said), err)
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
