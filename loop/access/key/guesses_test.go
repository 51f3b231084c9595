package key

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// An address has so many different guesses at once, and a further one each time that a share of the minute is over.
func TestGuesses(t *testing.T) {
	g, now, own := NewGuesses(30), time.Unix(1e9, 0), netip.MustParseAddr("192.0.2.1")
	guesses := 0
	for i := range 6000 { // ten minutes
		given := fmt.Sprint("guess ", i)
		if g.Wait(own, given, now) == 0 {
			guesses++
			g.Wrong(own, given, now)
		}
		now = now.Add(100 * time.Millisecond)
	}
	if guesses < 325 || guesses > 331 {
		t.Errorf("%d guesses in ten minutes", guesses)
	}
	g.Wrong(own, "one more", now)
	wait := g.Wait(own, "another", now)
	if wait <= 0 || wait > 2*time.Second {
		t.Fatalf("to wait for %v", wait)
	}
	if g.Wait(own, "another", now.Add(wait)) != 0 {
		t.Error("still to wait after that")
	}
	if g.Wait(netip.MustParseAddr("192.0.2.2"), "x", now) != 0 {
		t.Error("another address has to wait")
	}
}

// A program with an old key is no guesser: whoever has the right one at its address is let in.
func TestOldKeysAreNoGuesses(t *testing.T) {
	g, now, own := NewGuesses(30), time.Unix(1e9, 0), netip.MustParseAddr("::1")
	for i := range 10_000 {
		given := fmt.Sprint("old key ", i%4)
		if g.Wait(own, given, now) != 0 || g.Wait(own, "the right one", now) != 0 {
			t.Fatalf("to wait after %d wrong keys", i)
		}
		if another := g.Wrong(own, given, now); another != (i < 4) {
			t.Fatalf("wrong key %d: another %t", i, another)
		}
	}
}

func TestSources(t *testing.T) {
	g, now := NewGuesses(1), time.Unix(1e9, 0)
	g.Wrong(netip.MustParseAddr("2001:db8::1"), "x", now)
	g.Wrong(netip.MustParseAddr("::ffff:192.0.2.1"), "x", now)
	for address, limited := range map[string]bool{
		"2001:db8::2": true, "2001:db8::ffff:1%eth0": true, "2001:db8:0:1::1": false, "192.0.2.1": true, "192.0.2.3": false,
	} {
		if got := g.Wait(netip.MustParseAddr(address), "y", now) > 0; got != limited {
			t.Errorf("%s: limited %t", address, got)
		}
	}
	if g.Wait(netip.Addr{}, "y", now) != 0 { // of a connection in memory
		t.Error("no address is limited")
	}
	g.Wrong(netip.Addr{}, "y", now)
}

// However many addresses guess, a bounded number of them is remembered; without a limit none is.
func TestGuessersAreBounded(t *testing.T) {
	g, now := NewGuesses(10), time.Unix(1e9, 0)
	for i := range 3 * maxGuessers {
		g.Wrong(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), "x", now)
	}
	if len(g.of) > maxGuessers {
		t.Errorf("%d addresses are remembered", len(g.of))
	}
	g.Wrong(netip.MustParseAddr("192.0.2.1"), "x", now.Add(time.Hour))
	if len(g.of) != 1 {
		t.Errorf("%d addresses are remembered that have all their guesses", len(g.of))
	}
	free := NewGuesses(0)
	free.Wrong(netip.MustParseAddr("192.0.2.1"), "x", now)
	if len(free.of) != 0 || free.Wait(netip.MustParseAddr("192.0.2.1"), "y", now) != 0 {
		t.Error("there is a limit")
	}
}
