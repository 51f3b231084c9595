package socket

import (
	"context"
	"crypto/tls"
	"crypto/x509/pkix"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stalled is a rig whose client has sent the first flight of a handshake and says nothing more.
func stalled(t *testing.T, places *Handshakes, client *tls.Config) *rig {
	t.Helper()
	r := tlsRig(places, NewScratch())
	hello := recorded(t, client)
	r.Write(hello)
	return r
}

// recorded is the first flight of a client.
func recorded(t testing.TB, client *tls.Config) []byte {
	t.Helper()
	r := newRig()
	hold := Over(r.gnet)
	r.socket = &hold
	go tls.Client(r, client).Handshake()
	r.until(t, func() bool { return len(r.gnet.in) > 0 })
	var hello []byte
	r.loop(func() { hello = slices.Clone(r.gnet.in); r.over = true; r.more.Broadcast() })
	return hello
}

// No more handshakes compute at once than may, however many are under way, and clients that stall take nobody's turn.
func TestHandshakesAreBounded(t *testing.T) {
	server, client := certified(t, pkix.Name{})
	var now, most atomic.Int32
	server.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(time.Millisecond) // so that others would come in
		return nil, nil
	}
	places := NewHandshakes(server, 2, 1<<20)
	var rigs []*rig
	for range 10 {
		rigs = append(rigs, stalled(t, places, client))
	}
	var clients sync.WaitGroup
	for range 50 {
		clients.Go(func() {
			r := tlsRig(places, NewScratch())
			if err := tls.Client(r, client).Handshake(); err != nil {
				t.Error(err)
			}
			r.until(t, func() bool { return !r.socket.(*TLS).Shaking() })
		})
	}
	clients.Wait()
	if n := most.Load(); n > 2 {
		t.Errorf("%d computed at once", n)
	}
	if f := places.Figures(); f.Done != 50 || f.Open != 50 || f.UnderWay != 10 {
		t.Errorf("%+v", f)
	}
	for _, r := range rigs {
		r.loop(func() {
			r.socket.(*TLS).Expire()
			r.gnet.close()
		})
	}
	places.Wait()
	if f := places.Figures(); f.Failed[FailedTimeout] != 10 || f.UnderWay != 0 {
		t.Errorf("%+v", f)
	}
}

// While others wait for a place, a client that stalls loses its own, and one that is alone keeps it until its deadline.
func TestStalledHandshakesGiveWay(t *testing.T) {
	server, client := certified(t, pkix.Name{})
	places := NewHandshakes(server, 1, 1<<20)
	places.places, places.stalls.patience = 2, time.Millisecond
	stuck := []*rig{stalled(t, places, client), stalled(t, places, client)}
	for range 3 {
		r := tlsRig(places, NewScratch())
		done := make(chan error, 1)
		go func() { done <- tls.Client(r, client).Handshake() }()
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(time.Minute):
			t.Fatal("a client waits behind those that stall")
		}
		r.until(t, func() bool { return !r.socket.(*TLS).Shaking() })
		r.loop(func() { r.gnet.close() })
	}
	for _, r := range stuck {
		r.loop(func() { r.gnet.close() })
	}
	places.Wait()
	if f := places.Figures(); f.Failed[FailedTimeout] == 0 || f.UnderWay != 0 || places.stalls.waiting.Len() != 0 {
		t.Errorf("%+v", f)
	}
}

// Beyond the places handshakes wait in line, and beyond that they are refused by an alert; who leaves gives the place back.
func TestHandshakeQueue(t *testing.T) {
	server, client := certified(t, pkix.Name{})
	places := NewHandshakes(server, 1, 1<<20)
	places.places, places.waiting, places.stalls.patience = 2, 3, time.Hour
	var rigs []*rig
	for range 2 + 3 {
		rigs = append(rigs, stalled(t, places, client))
	}
	refused := tlsRig(places, NewScratch())
	if err := tls.Client(refused, client).Handshake(); err == nil || !strings.Contains(err.Error(), "internal error") {
		t.Errorf("the client is told: %v", err)
	}
	if f := places.Figures(); f.Failed[FailedFull] != 1 || f.UnderWay != 5 {
		t.Errorf("%+v", f)
	}
	done := make(chan error, 1)
	rigs[3].loop(func() { rigs[3].gnet.close() }) // one of the queue
	next := tlsRig(places, NewScratch())
	go func() { done <- tls.Client(next, client).Handshake() }()
	next.until(t, func() bool { return next.socket.(*TLS).wire.shaking.begun })
	for _, i := range []int{0, 1, 2, 4} {
		rigs[i].loop(func() { rigs[i].gnet.close() })
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	next.until(t, func() bool { return !next.socket.(*TLS).Shaking() })
	places.Wait()
	if f := places.Figures(); f.Failed[FailedLeft] != 5 || f.Done != 1 || f.UnderWay != 0 {
		t.Errorf("%+v", f)
	}
}

// What is no TLS is found by its first bytes, before anything is begun for it.
func TestFirstBytes(t *testing.T) {
	server, _ := certified(t, pkix.Name{})
	for first, want := range map[string]Failure{
		"GET / HTTP/1.1\r\n": FailedPlainHTTP, "P": FailedPlainHTTP, "\r\n": FailedGarbage, "\x16\x02": FailedGarbage,
		"\x80\x2e\x01": FailedGarbage, "\x00": FailedGarbage, "\x17\x03\x03\x00\x01x": FailedGarbage,
		"\x16\x03\x01\xff\xff":                 FailedProtocol, // longer than any
		"\x16\x03\x01\x00\x04\x02\x00\x00\x00": FailedProtocol, // a ServerHello
	} {
		places := NewHandshakes(server, 1, 1<<20)
		r := tlsRig(places, NewScratch())
		r.split = func(int) int { return 1 }
		r.Write([]byte(first))
		if want == FailedProtocol {
			r.until(t, func() bool { return r.err != nil })
		}
		r.loop(func() {
			f := places.Figures()
			if failed := slices.IndexFunc(f.Failed[:], func(n uint64) bool { return n > 0 }); failed < 0 || Failure(failed) != want && !(want == FailedProtocol && Failure(failed) == FailedGarbage) {
				t.Errorf("%q: %+v %v", first, f, r.err)
			}
		})
		places.Wait()
	}
}

// Who sends too much before the handshake is over is cut off, and what came ahead of its end within the bound is not lost.
func TestInputAheadOfHandshake(t *testing.T) {
	server, client := certified(t, pkix.Name{})
	places := NewHandshakes(server, 1, 10_000)
	hello := recorded(t, client)
	places.turns <- struct{}{} // nobody computes
	r := tlsRig(places, NewScratch())
	r.Write(hello)
	r.Write(make([]byte, 10_000))
	if r.err != errFlood {
		t.Errorf("%v", r.err)
	}
	eager := tlsRig(places, NewScratch())
	c := tls.Client(eager, client)
	done := make(chan error, 1)
	go func() { done <- c.Handshake() }()
	eager.until(t, func() bool { return eager.socket.(*TLS).wire.shaking.begun })
	<-places.turns // the server's first flight
	eager.until(t, func() bool { return len(eager.sent) > 0 || !eager.socket.(*TLS).Shaking() })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	c.Write([]byte("early"))
	eager.until(t, func() bool { return string(eager.socket.Peek(-1)) == "early" })
	places.Wait()
}

// A client's certificate that was verified names it; one that was only asked for does not.
func TestIdentity(t *testing.T) {
	for _, c := range []struct {
		subject pkix.Name
		uris    []string
		auth    tls.ClientAuthType
		want    string
	}{
		{pkix.Name{CommonName: "anna"}, []string{"urn:a"}, tls.RequireAndVerifyClientCert, "anna"},
		{pkix.Name{Organization: []string{"o"}}, []string{"spiffe://a/b"}, tls.VerifyClientCertIfGiven, "spiffe://a/b"},
		{pkix.Name{}, nil, tls.RequireAndVerifyClientCert, "halley.test"},
		{pkix.Name{CommonName: "anna"}, nil, tls.RequireAnyClientCert, ""},
	} {
		server, client := certified(t, c.subject, c.uris...)
		server.ClientAuth, server.ClientCAs, client.Certificates = c.auth, client.RootCAs, server.Certificates
		places := NewHandshakes(server, 1, 1<<20)
		r := tlsRig(places, NewScratch())
		if err := tls.Client(r, client).Handshake(); err != nil {
			t.Fatal(err)
		}
		r.until(t, func() bool { return !r.socket.(*TLS).Shaking() })
		if got := r.socket.(*TLS).Identity(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// A handshake that fails tells the client by an alert, and is counted by its reason.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		change func(server, client *tls.Config)
		want   Failure
	}{
		"the client trusts others":   {func(_, client *tls.Config) { client.RootCAs = nil }, FailedCertificate},
		"no certificate of a client": {func(server, _ *tls.Config) { server.ClientAuth = tls.RequireAnyClientCert }, FailedCertificate},
		"no common version": {func(server, client *tls.Config) {
			server.MinVersion, client.MaxVersion = tls.VersionTLS13, tls.VersionTLS12
		}, FailedProtocol},
		"no common application": {func(_, client *tls.Config) { client.NextProtos = []string{"h2"} }, FailedProtocol},
		"a panic of ours": {func(server, _ *tls.Config) {
			server.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { panic("x") }
			server.Certificates = nil
		}, FailedProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := certified(t, pkix.Name{})
			c.change(server, client)
			places := NewHandshakes(server, 1, 1<<20)
			r := tlsRig(places, NewScratch())
			conn := tls.Client(r, client)
			if err := conn.Handshake(); err == nil {
				_, err = conn.Read(make([]byte, 1)) // in TLS 1.3 the client is done before the server
				if err == nil || errors.Is(err, io.EOF) {
					t.Errorf("the client is told %v", err)
				}
			}
			r.until(t, func() bool { return r.err != nil })
			if f := places.Figures(); f.Failed[c.want] != 1 {
				t.Errorf("%+v: %v", f, r.err)
			}
		})
	}
}

// Only HTTP/1.1 is agreed on, also by a configuration that is chosen for a client; what is not HTTP stays.
func TestOnlyHTTP1(t *testing.T) {
	server, client := certified(t, pkix.Name{})
	chosen := server.Clone()
	chosen.NextProtos = []string{"h2", "acme-tls/1"}
	client.NextProtos = []string{"h2", "http/1.1"}
	for _, choose := range []func(*tls.ClientHelloInfo) (*tls.Config, error){
		nil,
		func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, nil },
		func(*tls.ClientHelloInfo) (*tls.Config, error) { return chosen, nil },
	} {
		server.GetConfigForClient = choose
		server.NextProtos = []string{"h2", "http/1.1", "acme-tls/1"}
		r := tlsRig(NewHandshakes(server, 1, 1<<20), NewScratch())
		c := tls.Client(r, client)
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
		if got := c.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
			t.Errorf("%q", got)
		}
		if !slices.Equal(server.NextProtos, []string{"http/1.1", "acme-tls/1"}) {
			t.Errorf("%q", server.NextProtos)
		}
	}
}

// Who agrees on another protocol than HTTP gets the handshake and a goodbye, and never a word in.
func TestOtherProtocol(t *testing.T) {
	server, client := certified(t, pkix.Name{})
	server.NextProtos, client.NextProtos = []string{"acme-tls/1"}, []string{"acme-tls/1"}
	places := NewHandshakes(server, 1, 1<<20)
	r := tlsRig(places, NewScratch())
	c := tls.Client(r, client)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the client reads %d bytes: %v", n, err)
	}
	r.until(t, func() bool { return r.err == errNotHTTP })
	if f := places.Figures(); f.Done != 1 || f.Open != 0 || f.Failed != (ByFailure{}) {
		t.Errorf("%+v", f)
	}
}

// A client that comes back resumes its session, which is counted.
func TestResumption(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			server, client := certified(t, pkix.Name{})
			server.MaxVersion = version
			client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			places := NewHandshakes(server, 1, 1<<20)
			for range 3 {
				r := tlsRig(places, NewScratch())
				c := tls.Client(r, client)
				if err := c.Handshake(); err != nil {
					t.Fatal(err)
				}
				r.until(t, func() bool { return !r.socket.(*TLS).Shaking() })
				r.loop(func() { r.socket.Write([]byte("x")) })
				c.Read(make([]byte, 1)) // the ticket with it
			}
			if f := places.Figures(); f.Resumed != 2 || f.Done != 3 {
				t.Errorf("%+v", f)
			}
		})
	}
}

// Idle connections have no goroutine.
func TestNoGoroutineForIdleTLS(t *testing.T) {
	before := runtime.NumGoroutine()
	places := (*Handshakes)(nil)
	for range 20 {
		_, _, places = opened(t, tls.VersionTLS13)
	}
	places.Wait()
	for end := time.Now().Add(deadline); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}

// Bytes of any kind, at any time, neither panic nor are kept without bound nor keep a goroutine.
func FuzzTLSInput(f *testing.F) {
	server, client := certified(f, pkix.Name{})
	f.Add(true, []byte("\x17\x03\x03\x00\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))
	f.Add(false, []byte("\x16\x03\x01\x00\x04\x01\x00\x00\x00"))
	f.Add(false, recorded(f, client))
	f.Add(true, []byte("\x15\x03\x03\x00\x02\x01\x00"))
	f.Add(true, []byte("\x17\x03\x03\xff\xff"))
	f.Fuzz(func(t *testing.T, after bool, p []byte) {
		places := NewHandshakes(server, 1, 1<<16)
		r := tlsRig(places, NewScratch())
		if after {
			if err := tls.Client(r, client).HandshakeContext(context.Background()); err != nil {
				t.Fatal(err)
			}
			r.until(t, func() bool { return !r.socket.(*TLS).Shaking() })
		}
		seed := len(p)
		r.split = func(n int) int { seed = (seed*31 + 7) % 97; return min(n, seed+1) }
		r.Write(p)
		r.loop(func() {
			if held := r.socket.Held(); held > 1<<16+2*lentBytes {
				t.Errorf("%d bytes are held of %d", held, len(p))
			}
			r.gnet.close()
		})
		places.Wait()
	})
}
