//go:build e2e

package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"halley/bench/client"
	"halley/bench/plan"
	"halley/bench/wire"
)

// heldPolls is how many clients are there while certificates change.
const heldPolls = 3000

// Certificates and ticket keys change under thousands of held polls, by the files alone and by SIGHUP, good ones and bad ones:
// no poll is dropped, who comes then has the new ones, and a session of before is resumed.
func TestCertificatesChangeUnderHeldPolls(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	dir := t.TempDir()
	first, second := signed(t, "first"), signed(t, "second")
	cert, key, tickets := filepath.Join(dir, "cert"), filepath.Join(dir, "key"), filepath.Join(dir, "tickets")
	first.into(t, cert, key)
	ca := filepath.Join(dir, "ca")
	write(t, ca, string(first.cert)+string(second.cert), 0o600)
	secure := freeAddress(t)
	s := &mortal{listen: freeAddress(t), internal: freeAddress(t), flags: []string{
		"--tls-listen=" + secure, "--tls-cert=" + cert, "--tls-key=" + key, "--tls-ticket-keys=" + tickets, "--hold=10m", "--handshake-storm=0"}}
	s.start(t, ctx)
	defer func() { s.kill() }()

	resuming := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(1), ServerName: "localhost", RootCAs: first.pool()}
	served(t, ctx, secure, resuming)
	f := startFleet(t, "https://"+secure+"/bayeux", ca)
	f.fleet.Ramp(heldPolls, 0)
	f.until(t, ctx, "held polls", func(p client.Progress) bool { return p.Held == heldPolls })

	// A file may be read between two changes, too.
	const reloads, failures = "halley_tls_reloads_total", "halley_tls_reload_failures_total"
	before := s.figure(t, ctx, reloads)
	second.into(t, cert, key)
	s.awaitMore(t, ctx, reloads, before)
	if who, _ := served(t, ctx, secure, &tls.Config{ServerName: "localhost", RootCAs: second.pool()}); who != "second" {
		t.Errorf("served %s after the file has changed", who)
	}
	if _, resumed := served(t, ctx, secure, resuming); !resumed {
		t.Error("a session of before is not resumed")
	}
	before = s.figure(t, ctx, failures)
	write(t, cert, "no certificate", 0o600)
	s.awaitMore(t, ctx, failures, before)
	before = s.figure(t, ctx, reloads)
	first.into(t, cert, key)
	s.signal(t, syscall.SIGHUP)
	s.awaitMore(t, ctx, reloads, before)
	if who, _ := served(t, ctx, secure, &tls.Config{ServerName: "localhost", RootCAs: first.pool()}); who != "first" {
		t.Errorf("served %s after a signal", who)
	}
	if err := os.Remove(tickets); err != nil { // which is made anew, of the same keys
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(tickets); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatal("the file of ticket keys is not made anew")
		case <-time.After(20 * time.Millisecond):
		}
	}
	f.publish(t, ctx)
}

// fleet are clients of the load generator.
type fleet struct {
	fleet *client.Fleet
	news  chan client.Progress
}

// startFleet makes the clients of an endpoint. They begin with Ramp.
func startFleet(t *testing.T, endpoint, ca string) *fleet {
	t.Helper()
	f := &fleet{news: make(chan client.Progress, 100)}
	config := client.Config{
		URLs: []string{endpoint}, CA: ca, Style: wire.LongPolling, Connections: 1, Symbols: plan.NewSymbols("/bench", 1, 1, 0, 1), Names: []string{"/bench"},
		Subscribers: heldPolls, Total: heldPolls, Publishers: 1, Run: 1, Size: 100,
	}
	var err error
	f.fleet, err = client.New(config, client.NewClock(client.Monotonic()), func(p client.Progress) {
		select {
		case f.news <- p:
		default: // there will be others
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		ended <- f.fleet.Run()
	}()
	t.Cleanup(func() {
		f.fleet.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return f
}

// until waits for a report that satisfies ok.
func (f *fleet) until(t *testing.T, ctx context.Context, what string, ok func(client.Progress) bool) client.Progress {
	t.Helper()
	var last client.Progress
	for {
		select {
		case last = <-f.news:
			if ok(last) {
				return last
			}
		case <-ctx.Done():
			t.Fatalf("%s did not come about: %+v", what, last)
		}
	}
}

// publish has a message delivered to all, over the connections that they had from the start.
func (f *fleet) publish(t *testing.T, ctx context.Context) {
	t.Helper()
	f.fleet.Publish(client.Publication{Pace: plan.Pace{Rate: 1, Count: 1}})
	p := f.until(t, ctx, "deliveries", func(p client.Progress) bool { return p.Delivered >= heldPolls })
	if p.Faults.Total() != 0 || p.Cycles != 2*heldPolls && p.Cycles != 2*heldPolls+1 {
		t.Errorf("%d connect replies, faults %+v", p.Cycles, p.Faults)
	}
}

// identity is a certificate of its own authority, and its key, in PEM.
type identity struct{ cert, key []byte }

// signed makes a certificate for this host.
func signed(t *testing.T, name string) identity {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.ParseIP(freeHost())}, IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return identity{
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}),
		key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text}),
	}
}

// into replaces the files of a certificate and its key.
func (i identity) into(t *testing.T, cert, key string) {
	t.Helper()
	for file, text := range map[string][]byte{cert: i.cert, key: i.key} {
		write(t, file+".new", string(text), 0o600)
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
}

func (i identity) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(i.cert)
	return pool
}

// served is the common name of the certificate that the server has, and whether a session was resumed. A request is made, since
// a session can be resumed only when the server has said something.
func served(t *testing.T, ctx context.Context, address string, config *tls.Config) (name string, resumed bool) {
	t.Helper()
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	if n, err := conn.Read(make([]byte, 1)); n != 1 {
		t.Fatal(err)
	}
	state := conn.(*tls.Conn).ConnectionState()
	return state.PeerCertificates[0].Subject.CommonName, state.DidResume
}
