package spread

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"halley/bayeux/event"
	"halley/loop/cluster/subject"
	"halley/loop/cluster/wire"
)

// fakeServer is what a Spread needs of the server.
type fakeServer struct {
	mu     sync.Mutex
	got    []event.Event
	most   int // at once
	busy   int // times that it says so
	missed chan string
}

func (s *fakeServer) Arrived(list []event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, list...)
	s.most = max(s.most, len(list))
}

func (s *fakeServer) Busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	return s.busy >= 0
}

func (s *fakeServer) TellMissed(_ context.Context, pattern string) { s.missed <- pattern }

func (s *fakeServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got)
}

// Events go to the server in order, many at once but not too many, and not while it is busy.
func TestInbox(t *testing.T) {
	t.Parallel()
	b, s := newInbox(), &fakeServer{busy: 3}
	const events = 5000
	for n := range events {
		b.add(event.Event(fmt.Sprint(n)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.deliver(ctx, s)
	}()
	for s.count() < events {
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
	for n, e := range s.got {
		if string(e) != fmt.Sprint(n) {
			t.Fatalf("%s in place %d", e, n)
		}
	}
	if s.most != mostTogether || b.bytes != 0 {
		t.Errorf("%d at once, %d bytes left", s.most, b.bytes)
	}
}

// What finds no room counts as lost, and is told of.
func TestOverflow(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, plain())
	b.want("/a")
	w.settle(a, b)
	large := event.New([]byte("/a"), []byte(`"`+strings.Repeat("x", 1<<20)+`"`), false)
	const sent = mostInbox>>20 + 8
	for range sent {
		a.Offer(large)
	}
	w.net.Deliver()
	w.settle(a, b)
	w.pass(time.Second, a, b)
	got, missed := b.take()
	if f := b.Figures(); f.Overflowed == 0 || len(got)+int(f.Overflowed) != sent || len(missed) != 1 || missed[0] != "/a" {
		t.Errorf("%d of %d came, %d found no room, told %v", len(got), sent, f.Overflowed, missed)
	}
}

// A Spread that runs brings events and gaps to its server, and leaves nothing behind.
func TestRun(t *testing.T) {
	t.Parallel()
	net := wire.Network{Lose: losing("/b")}
	log := slog.New(slog.DiscardHandler)
	a, err := New(net.Join(), subject.Of("x"), Origin{1, 1}, plain(), log)
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(net.Join(), subject.Of("x"), Origin{2, 1}, plain(), log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	server := &fakeServer{missed: make(chan string, 10)}
	all.Go(func() { a.Run(ctx, &fakeServer{}) })
	all.Go(func() { b.Run(ctx, server) })
	all.Go(func() {
		for ctx.Err() == nil {
			net.Deliver()
			time.Sleep(time.Millisecond)
		}
	})
	b.Want("/a", true)
	b.Want("/b", true)
	for n := 0; server.count() < 10; n++ {
		a.Offer(event.New([]byte("/a"), []byte("1"), false))
		time.Sleep(time.Millisecond)
	}
	a.Offer(event.New([]byte("/b"), []byte("1"), false))
	for missed := range server.missed {
		if missed == "/b" {
			break
		}
		if missed != "/a" { // of which the first may have been published before the other node knew who wants it
			t.Errorf("%s is missing", missed)
		}
	}
	cancel()
	all.Wait()
}
