package loop

import (
	"fmt"
	"net/netip"
	"testing"

	"halley/loop/sharded"
)

func TestRates(t *testing.T) {
	r := newRates(2)
	v4 := netip.MustParseAddr("127.0.0.1")
	now := int64(1000)
	for i, want := range []bool{true, true, false, false} {
		if got := r.allow(v4, now); got != want {
			t.Errorf("take %d: %v", i, got)
		}
	}
	equal(t, r.allow(netip.MustParseAddr("::ffff:127.0.0.1"), now), false)
	equal(t, r.allow(netip.MustParseAddr("127.0.0.2"), now), true)
	equal(t, r.allow(v4, now+499), false)
	equal(t, r.allow(v4, now+500), true)
	equal(t, r.allow(v4, now+500), false)
	for i, want := range []bool{true, true, false} {
		if got := r.allow(v4, now+60_000); got != want {
			t.Errorf("after a minute, take %d: %v", i, got)
		}
	}
	for i := range 3 {
		address := netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i+1))
		equal(t, r.allow(address, now), i < 2)
	}
}

func TestRatesForget(t *testing.T) {
	r := newRates(1)
	for i := range uint32(sharded.Count * maxAddresses * 2) {
		r.allow(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), int64(i))
	}
	r.buckets.Each(func(shard *sharded.Shard[netip.Prefix, bucket]) {
		if n := len(shard.Entries); n > maxAddresses {
			t.Fatalf("a shard remembers %d addresses", n)
		}
	})
}

func TestHandshakeRate(t *testing.T) {
	s := start(t, func(c *Config) { c.HandshakeRate = 1 })
	a := dial(t, s)
	id := a.handshake()
	a.send(post(`{"channel":"/meta/handshake"}`))
	got := a.read()
	equal(t, got.StatusCode, 429)
	equal(t, got.Header.Get("Retry-After"), "1")
	equal(t, a.bayeux(connect(id))[0]["successful"], true)
}

// An event-stream without Bayeux is a session like any other.
func TestHandshakeRateOfEvents(t *testing.T) {
	s := start(t, func(c *Config) { c.HandshakeRate = 1 })
	a := dial(t, s)
	id := a.handshake()
	got := dial(t, s).ask(request("GET", "/events?channel=/a"))
	equal(t, got.StatusCode, 429)
	equal(t, got.Header.Get("Retry-After"), "1")
	equal(t, s.Stats().Sessions, 1)
	equal(t, a.bayeux(connect(id))[0]["successful"], true)
}
