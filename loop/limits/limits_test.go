package limits

import (
	"fmt"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"halley/loop/sharded"
)

// take is one handshake.
func take(l *Limits, address string, now int64) bool {
	_, wait := l.Take(netip.MustParseAddr(address), Use{Handshakes: 1}, now)
	return wait == 0
}

func TestRates(t *testing.T) {
	l := New(Settings{HandshakeRate: 2})
	const v4 = "127.0.0.1"
	now := int64(1000)
	for i, c := range []struct {
		address string
		now     int64
		want    bool
	}{
		{v4, now, true}, {v4, now, true}, {v4, now, false}, {v4, now, false}, {"::ffff:127.0.0.1", now, false}, {"127.0.0.2", now, true},
		{v4, now + 499, false}, {v4, now + 500, true}, {v4, now + 500, false},
		{v4, now + 60_000, true}, {v4, now + 60_000, true}, {v4, now + 60_000, false},
		{"2001:db8::1", now, true}, {"2001:db8::2", now, true}, {"2001:db8::3", now, false}, {"2001:db8:0:1::", now, true},
	} {
		if got := take(l, c.address, c.now); got != c.want {
			t.Errorf("take %d, %s at %d: %v", i, c.address, c.now, got)
		}
	}
}

// A request may need more than a second brings, and the next one waits for as long as that takes. Of several kinds the first
// that is used up is told, and nothing is taken then.
func TestDebt(t *testing.T) {
	l, of := New(Settings{MessageRate: 10, ByteRate: 1000}), netip.MustParseAddr("192.0.2.1")
	for i, c := range []struct {
		messages, bytes int
		now             int64
		over            Kind
		wait            int
	}{
		{1, 5000, 0, 0, 0},     // 9 and -4000 are left
		{1, 1, 0, Bytes, 5},    // which says for how long
		{1, 1, 3999, Bytes, 1}, // almost
		{1, 1, 4001, 0, 0},     // 9 and 0
		{30, 100, 5001, 0, 0},  // -20 and 900
		{1, 1, 5001, Messages, 3},
		{0, 1, 5001, 0, 0},
		{1, 1, 7101, 0, 0}, // after 21 of them
	} {
		over, wait := l.Take(of, Use{Messages: c.messages, Bytes: c.bytes}, c.now)
		if over != c.over || wait != c.wait {
			t.Errorf("%d: %s, %d s", i, over, wait)
		}
	}
	l.Owe(of, Use{Messages: 100}, 60_000)
	if over, wait := l.Take(of, Use{Messages: 1}, 60_000); over != Messages || wait < 9 {
		t.Errorf("in debt: %s, %d s", over, wait)
	}
}

// Guesses count by the minute: so many at once, and then one each time that a share of the minute is over.
func TestGuesses(t *testing.T) {
	l, of, let := New(Settings{WrongClientIDs: 6}), netip.MustParseAddr("192.0.2.1"), 0
	for now := int64(0); now < 600_000; now += 500 {
		over, wait := l.Take(of, Use{Guesses: 1}, now)
		if wait == 0 {
			let++
		} else if over != Guesses || wait > 10 {
			t.Fatalf("%s, %d s", over, wait)
		}
	}
	if let < 64 || let > 66 {
		t.Errorf("%d guesses in ten minutes", let)
	}
}

func TestConnections(t *testing.T) {
	l, of := New(Settings{AddressConnections: 2}), netip.MustParseAddr("192.0.2.1")
	for i, want := range []bool{true, true, false} {
		if got := l.Open(of, 0); got != want {
			t.Errorf("connection %d: %v", i, got)
		}
	}
	l.Close(of, 0)
	if !l.Open(of, 0) || l.Open(of, 0) {
		t.Error("the place of one that closed")
	}
	if !l.Counts(Connections) || l.Counts(Messages) {
		t.Error("what is counted")
	}
}

// Connections agree with a map, however many addresses come and go meanwhile.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, open, now := New(Settings{AddressConnections: 3, MessageRate: 1}), map[netip.Addr]int{}, int64(0)
		l.most = 8
		few := rapid.Map(rapid.IntRange(0, 5), func(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}) })
		next := uint32(0)
		t.Repeat(map[string]func(*rapid.T){
			"open": func(t *rapid.T) {
				a := few.Draw(t, "address")
				if got := l.Open(a, now); got != (open[a] < 3) {
					t.Fatalf("%s with %d: %v", a, open[a], got)
				} else if got {
					open[a]++
				}
			},
			"close": func(t *rapid.T) {
				if a := few.Draw(t, "address"); open[a] > 0 {
					open[a]--
					l.Close(a, now)
				}
			},
			"crowd": func(t *rapid.T) {
				for range sharded.Count * l.most {
					next++
					l.Take(netip.AddrFrom4([4]byte{11 + byte(next>>24), byte(next >> 16), byte(next >> 8), byte(next)}), Use{Messages: 1}, now)
				}
			},
			"wait": func(t *rapid.T) { now += rapid.Int64Range(1, 5000).Draw(t, "milliseconds") },
		})
	})
}

// Addresses that are made up take a bounded amount of memory, used up or not.
func TestForget(t *testing.T) {
	for _, step := range []int64{0, 1} {
		l := New(Settings{HandshakeRate: 1})
		l.most = 64
		for i := range sharded.Count * l.most * 3 {
			take(l, fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), int64(i)*step)
		}
		l.records.Each(func(shard *sharded.Shard[netip.Prefix, record]) {
			if n := len(shard.Entries); n > l.most {
				t.Fatalf("a shard remembers %d addresses", n)
			}
		})
	}
}

func BenchmarkTake(b *testing.B) {
	l, of := New(Settings{MessageRate: 1 << 30, ByteRate: 1 << 40}), netip.MustParseAddr("192.0.2.1")
	for b.Loop() {
		l.Take(of, Use{Messages: 1, Bytes: 300}, 0)
	}
}

// Other settings hold at once, for addresses that have used something too.
func TestSet(t *testing.T) {
	l, of := New(Settings{}), netip.MustParseAddr("192.0.2.1")
	if _, wait := l.Take(of, Use{Messages: 9000, Bytes: 9}, 0); wait != 0 || l.Counts(Messages) || l.Counts(Connections) {
		t.Error("nothing is limited")
	}
	l.Set(Settings{MessageRate: 1, AddressConnections: 1})
	if !l.Counts(Messages) || !l.Counts(Connections) || l.Counts(Bytes) {
		t.Error("messages and connections are limited")
	}
	if _, wait := l.Take(of, Use{Messages: 1}, 60_000); wait != 0 {
		t.Error("the first message is refused")
	}
	if over, wait := l.Take(of, Use{Messages: 1}, 60_000); wait != 1 || over != Messages {
		t.Error("the second one is not")
	}
	if !l.Open(of, 0) || l.Open(of, 0) {
		t.Error("connections")
	}
	l.Set(Settings{})
	if _, wait := l.Take(of, Use{Messages: 1}, 60_000); wait != 0 {
		t.Error("a message is refused that has no limit")
	}
	l.Close(of, 0)
}
