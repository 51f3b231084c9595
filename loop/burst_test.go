package loop

import (
	"fmt"
	"strings"
	"testing"

	"halley/bayeux/event"
)

// A burst is one write to each subscriber, also where a turn has not the time to give all of it to all of them.
func TestBurstIsOneWrite(t *testing.T) {
	const subscribers, burst = 1000, 100
	b := newBench(t, subscribers)
	if work := DefaultConfig().TurnWork; subscribers*burst < 2*work {
		t.Fatalf("a turn of %d units is long enough", work)
	}
	before := b.sockets[0].written
	b.publishes(burst)
	for i, s := range b.sockets {
		if n := strings.Count(string(s.last), `"data":`); n != burst || s.written != before+1 {
			t.Fatalf("subscriber %d got %d events of %d last, by %d writes", i, n, burst, s.written-before)
		}
	}
}

// Where a burst has no end, what has come is written all the same.
func TestEndlessBurstIsWritten(t *testing.T) {
	const subscribers = 1000
	b := newBench(t, subscribers)
	burst := DefaultConfig().TurnWork / subscribers * 2 * heldTurns
	b.publishes(burst)
	if n := strings.Count(string(b.sockets[0].last), `"data":`); n == 0 || n > burst*3/4 {
		t.Errorf("a subscriber waited for %d of %d events", n, burst)
	}
}

// A burst is written before it fills a queue.
func TestBurstFillsNoQueue(t *testing.T) {
	limits := DefaultConfig().Settings
	limits.QueueMessages, limits.QueueBytes = 100, 4<<10
	for u, want := range map[unwritten]bool{
		{}:                             true,
		{heldTurns - 1, 49, 2<<10 - 1}: true,
		{turns: heldTurns}:             false,
		{messages: 50}:                 false,
		{bytes: 2 << 10}:               false,
	} {
		if got := u.mayGrow(&limits); got != want {
			t.Errorf("%+v: %t", u, got)
		}
	}
	usual := DefaultConfig().Settings
	if u := (unwritten{bytes: heldBytes}); u.mayGrow(&usual) {
		t.Error("more waits than goes out at once")
	}
}

// publishes has messages come by the mailbox, all at once, and everything done that follows. Clients do not poll again.
func (b *bench) publishes(n int) {
	var burst []event.Event
	for i := range n {
		burst = append(burst, event.New([]byte("/a"), []byte(fmt.Sprint(i)), false))
	}
	b.server.reactors[0].box.PostEvents(burst)
	for b.loop.run(); ; b.loop.run() {
		select {
		case p := <-b.server.shared.helper:
			p.post()
		default:
			return
		}
	}
}
