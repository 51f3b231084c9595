package main

import (
	"context"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestAddressFloods(t *testing.T) {
	f := attacked(t, addressFloods())
	if f.sessions == 0 {
		t.Error("no handshake came")
	}
	judged := floodsRefused
	if faults := judged(figures{}); len(faults) != 3 {
		t.Errorf("nobody is refused: %q", faults)
	}
	if faults := judged(figures{`halley_clients_refused_total{cause="connections"}`: 1, `halley_clients_refused_total{cause="handshakes"}`: 1, `halley_clients_refused_total{cause="bytes"}`: 1}); len(faults) != 0 {
		t.Errorf("all are refused: %q", faults)
	}
}

// opened counts the connections of a server that only takes them.
func opened(t *testing.T) (s *server, count func() int64) {
	var n atomic.Int64
	listener := httptest.NewUnstartedServer(http.NotFoundHandler())
	listener.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.Add(1)
		}
	}
	listener.Start()
	t.Cleanup(listener.Close)
	address := strings.TrimPrefix(listener.URL, "http://")
	return &server{public: address, internal: address, client: listener.Client()}, n.Load
}

func TestManyConnections(t *testing.T) {
	s, count := opened(t)
	untilSeen(t, manyConnections(time.Hour), s, func() bool { return count() == 3000 })
}

func TestSlowHeads(t *testing.T) {
	s, count := opened(t)
	untilSeen(t, slowHeads(), s, func() bool { return count() > 0 })
}

// untilSeen has an attack go on until something of it is seen, and fails if it ends before.
func untilSeen(t *testing.T, a adversary, s *server, seen func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ended := make(chan error)
	go func() { ended <- a.attack(ctx, s) }()
	for !seen() && ctx.Err() == nil {
		select {
		case err := <-ended:
			if !seen() {
				t.Fatalf("%s has ended with %v", a.name, err)
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
	if ctx.Err() != nil {
		t.Errorf("nothing is seen of %s", a.name)
	}
	cancel()
	<-ended
}

// The same seed does the same damage, and mostly there is some.
func TestMutation(t *testing.T) {
	heads, frames := samples("h", "c1")
	for _, text := range append(heads, frames...) {
		same := 0
		for seed := range uint64(50) {
			one, two := damage(rand.New(rand.NewPCG(seed, 0)), text), damage(rand.New(rand.NewPCG(seed, 0)), text)
			if one != two {
				t.Fatalf("seed %d: %q and %q", seed, one, two)
			}
			if one == text {
				same++
			}
		}
		if same > 25 {
			t.Errorf("%q has no damage %d times of 50", text, same)
		}
	}
}

func TestMutated(t *testing.T) {
	s, count := opened(t)
	f, asked := startFake(t)
	s.client = asked.client
	s.public = asked.public
	if err := mutated(400, 1).attack(context.Background(), s); err != nil {
		t.Error(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sessions == 0 || count() != 0 {
		t.Errorf("%d sessions", f.sessions)
	}
}

func TestGuesses(t *testing.T) {
	f, s := startFake(t) // which takes every id
	if err := guesses().attack(context.Background(), s); err == nil || !strings.Contains(err.Error(), "a guess was right") {
		t.Errorf("%v", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	equal(t, "sessions", f.sessions, 1)
}

func TestGuess(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		if got := guess(random, "abcdefgh"); len(got) != 8 {
			t.Fatal(got)
		}
		if own := strings.Repeat("0", 45); guessSecret(random, own)[:addressDigits] != own[:addressDigits] || guessSecret(random, own) == own {
			t.Fatal("no guess of a secret")
		}
	}
}

// The judge wants guesses counted, and most of them refused.
func TestGuessesAreJudged(t *testing.T) {
	const wrong, refused = "halley_clientids_wrong_total", `halley_clients_refused_total{cause="clientids"}`
	for faults, last := range []figures{{wrong: 120, refused: 60}, {wrong: 120}, {wrong: 10, refused: 10}} {
		equal(t, "faults", len(guesses().judge(last)), faults)
	}
}

// The attacks on TLS reach a server whose certificate they made, and end when nobody answers.
func TestTLSAttacks(t *testing.T) {
	dir := t.TempDir()
	flags, err := secured(dir)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(flags[3], flags[5])
	if err != nil {
		t.Fatal(err)
	}
	if text := hello(); len(text) < 100 || text[0] != 22 {
		t.Errorf("a hello of %d bytes", len(text))
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var conns, shaken atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			go func() {
				defer conn.Close()
				if conn.(*tls.Conn).Handshake() == nil {
					shaken.Add(1)
				}
				io.Copy(io.Discard, conn)
			}()
		}
	}()
	s := &server{secure: listener.Addr().String()}
	for _, a := range []adversary{tlsGarbage(), slowTLS()} {
		before := conns.Load()
		untilSeen(t, a, s, func() bool { return conns.Load() > before })
	}
	untilSeen(t, tlsFloods(), s, func() bool { return shaken.Load() > 0 })
}

// Latencies count from the last time that an event was sent, and are forgotten when they were taken.
func TestLatencies(t *testing.T) {
	l := newLatencies()
	l.heard(3) // of nobody
	if got := l.take(); got != 0 {
		t.Errorf("nothing took %v", got)
	}
	l.sends(0)
	l.sent[0] = time.Now().Add(-time.Hour)
	l.sends(0)
	l.sends(1)
	l.sent[1] = time.Now().Add(-time.Second)
	l.heard(0)
	l.heard(1)
	if got := l.take(); got < 900*time.Millisecond || got > time.Minute {
		t.Errorf("it took %v", got)
	}
	if got := l.take(); got != 0 {
		t.Errorf("what was taken is there still: %v", got)
	}
}

func TestJudgeTimes(t *testing.T) {
	for _, c := range []struct {
		slower      float64
		quiet, busy time.Duration
		fault       bool
	}{
		{2, 100 * time.Millisecond, 200 * time.Millisecond, false}, {2, 100 * time.Millisecond, 201 * time.Millisecond, true},
		{2, time.Millisecond, leastSlow, false}, {2, time.Millisecond, leastSlow + 1, true}, {0, time.Millisecond, time.Hour, false},
		{2, time.Millisecond, 0, true}, {0, time.Millisecond, 0, false},
	} {
		r := report{quiet: c.quiet, busy: c.busy}
		if r.judgeTimes(c.slower); (len(r.faults) > 0) != c.fault {
			t.Errorf("%+v: %v", c, r.faults)
		}
	}
}
