package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"halley/bayeux/client"
)

// hears gives a neighbour events of those numbers.
func hears(numbers ...string) *neighbour {
	b := new(neighbour)
	for _, number := range numbers {
		b.hear(client.Message{Data: json.RawMessage(number)})
	}
	return b
}

func TestNeighboursCountWhatTheyHear(t *testing.T) {
	for _, c := range []struct {
		numbers    []string
		got, wrong int64
	}{
		{nil, 0, 0},
		{[]string{"0", "1", "2"}, 3, 0},
		{[]string{"0", "2"}, 2, 1},           // one is missing
		{[]string{"0", "0"}, 2, 1},           // one came twice
		{[]string{"1", "0"}, 2, 2},           // in the wrong order
		{[]string{"0", `"x"`, "2"}, 3, 1},    // no number
		{[]string{"0", "1", "1", "3"}, 4, 1}, // one in another's place
	} {
		b := hears(c.numbers...)
		if b.got.Load() != c.got || b.wrong.Load() != c.wrong {
			t.Errorf("%q: got %d, wrong %d; want %d, %d", c.numbers, b.got.Load(), b.wrong.Load(), c.got, c.wrong)
		}
	}
}

func TestMissing(t *testing.T) {
	n := &neighbours{sent: 3, all: []*neighbour{hears("0", "1", "2"), hears("0"), hears("0", "1", "2", "3")}}
	equal(t, "missing", n.missing(), 2)
}

// What is refused is sent again under its number.
func TestFeedRepeatsWhatIsRefused(t *testing.T) {
	f, s := startFake(t)
	f.published = 503
	n := &neighbours{server: s, every: time.Millisecond, times: newLatencies()}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- n.feed(ctx) }()
	for events := 0; events < 2; time.Sleep(time.Millisecond) {
		f.mu.Lock()
		events = f.events
		f.mu.Unlock()
	}
	f.mu.Lock()
	f.published, f.events = 0, 0
	f.mu.Unlock()
	for events := 0; events < 2; time.Sleep(time.Millisecond) {
		f.mu.Lock()
		events = f.events
		f.mu.Unlock()
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	f.mu.Lock() // the last request, which was given up, may be worked on still
	defer f.mu.Unlock()
	if n.sent == 0 || n.sent > f.events+1 {
		t.Errorf("%d count as sent, %d were taken", n.sent, f.events)
	}
}
