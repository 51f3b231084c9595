package main

import (
	"context"
	"testing"
	"time"
)

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func sum(numbers []int) (n int) {
	for _, number := range numbers {
		n += number
	}
	return n
}

func TestSamePatterns(t *testing.T) {
	f := attacked(t, samePatterns())
	equal(t, "sessions", f.sessions, 20)
	equal(t, "subscribes", len(f.patterns), 20)
	equal(t, "patterns", sum(f.patterns), 200_000)
	equal(t, "asked for replays", f.exts[`{"replay":{"/a":-1}}`], 20)
}

func TestManyPatterns(t *testing.T) {
	f := attacked(t, manyPatterns(50))
	equal(t, "sessions", f.sessions, 50)
	equal(t, "patterns", sum(f.patterns), 50_000)
	if f.longest < 235 || f.longest > 250 {
		t.Errorf("the longest pattern has %d bytes", f.longest)
	}
	equal(t, "stay away", f.advices[`{"timeout":0,"interval":600000}`], 50)
}

func TestManyIntervals(t *testing.T) {
	f := attacked(t, manyIntervals())
	equal(t, "sessions", f.sessions, 101)
	equal(t, "patterns", sum(f.patterns), 100*1000)
	equal(t, "intervals", f.exts[`{"conflate":{"interval":60000}}`], 100)
	equal(t, "events to a new channel", f.channels["/new/0"]+f.channels["/new/699"], 2)
}

func TestManyReplays(t *testing.T) {
	f := attacked(t, manyReplays())
	equal(t, "events", f.events, 100_000)
	equal(t, "subscribes", len(f.patterns), 10*200)
	equal(t, "for all of a history", f.exts[`{"replay":{"/h/**":-2}}`], 1000)
	equal(t, "for nothing", f.exts[`{"replay":-2}`], 1000)
}

func TestFramesElsewhere(t *testing.T) {
	f, s := startFake(t)
	if err := framesElsewhere().attack(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	sockets := func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.sockets
	}
	for end := time.Now().Add(time.Minute); sockets() < 40 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	equal(t, "websockets", sockets(), 40)
	if f.received < 40*1_900_000 {
		t.Errorf("%d bytes came", f.received)
	}
}

func TestNeverReads(t *testing.T) {
	f := attacked(t, neverReads())
	equal(t, "streams", f.streams, 200)
	equal(t, "events", f.events, 260)
	if f.bytes < 260*60_000 {
		t.Errorf("%d bytes were published", f.bytes)
	}
}

func TestLongInterval(t *testing.T) {
	f := attacked(t, longInterval())
	equal(t, "sessions", f.sessions, 1)
	equal(t, "events", f.events, 2000)
	equal(t, "intervals", f.exts[`{"conflate":{"interval":3600000}}`], 1)
	equal(t, "disconnects", f.channels["/meta/disconnect"], 1)
}

func TestNeverAcknowledges(t *testing.T) {
	f := attacked(t, neverAcknowledges())
	equal(t, "sessions with acknowledgement", f.exts[`{"ack":true}`], 20)
	equal(t, "events", f.events, 2000)
	equal(t, "connects that acknowledge nothing", f.exts[`{"ack":0}`], 2000)
}

func TestFillsAndLeaves(t *testing.T) {
	f := attacked(t, fillsAndLeaves(20))
	equal(t, "sessions", f.sessions, 20)
	equal(t, "stay away", f.advices[`{"timeout":0,"interval":600000}`], 20)
	equal(t, "events", f.events, 800)
}

func TestLargeBodies(t *testing.T) {
	f := attacked(t, largeBodies())
	if f.bytes < 5*16_000_000 || f.bytes > 5*16<<20 {
		t.Errorf("%d bytes were published", f.bytes)
	}
}

// A server that refuses every session is no fault of an attack's: it ends.
func TestAttacksOfTheRefused(t *testing.T) {
	for _, a := range []adversary{framesElsewhere(), longInterval(), neverAcknowledges()} {
		f, s := startFake(t)
		f.refuses = true
		if err := a.attack(context.Background(), s); err != nil {
			t.Errorf("%s: %v", a.name, err)
		}
		equal(t, a.name+": events", f.events, 0)
	}
}

// An attack whose time is over ends with an error or without, but ends.
func TestAttacksEnd(t *testing.T) {
	for _, a := range new(options).adversaries() {
		_, s := startFake(t)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		done := make(chan error)
		go func() { done <- a.attack(ctx, s) }()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatalf("%s does not end", a.name)
		}
	}
}
