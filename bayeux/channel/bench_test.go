package channel

import (
	"fmt"
	"testing"
)

// crowd is a table with 18,000 own channels, a shared one and a wildcard at every depth.
func crowd(cacheSize int) *Table {
	t := NewTable(cacheSize)
	for s := range Subscriber(18_000) {
		t.Subscribe(s, own(s))
	}
	for s, p := range []string{"/**", "/*", "/stock/**", "/stock/*", "/stock/US/**", "/stock/US/*", "/stock/US/SPY"} {
		t.Subscribe(Subscriber(s), []byte(p))
	}
	return t
}

func BenchmarkMatchCached(b *testing.B) {
	table, name := crowd(1024), []byte("/stock/US/SPY")
	b.ReportAllocs()
	for b.Loop() {
		table.Match(name)
	}
}

// BenchmarkMatchLiteralCached: no wildcard is anywhere near.
func BenchmarkMatchLiteralCached(b *testing.B) {
	table := NewTable(1024)
	for s := range Subscriber(18_000) {
		table.Subscribe(s, own(s))
	}
	name := own(77)
	b.ReportAllocs()
	for b.Loop() {
		table.Match(name)
	}
}

// BenchmarkMatchNewNames: every name is a new one, as of clients that make up a channel for each reply.
func BenchmarkMatchNewNames(b *testing.B) {
	for _, size := range []int{1, 1024, 65536} {
		b.Run(fmt.Sprint("cache=", size), func(b *testing.B) {
			table := crowd(size)
			names := make([][]byte, 100_000)
			for i := range names {
				names[i] = fmt.Appendf(nil, "/stock/US/%d", i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				table.Match(names[i%len(names)])
			}
		})
	}
}

func BenchmarkMatchCrowd(b *testing.B) {
	for _, patterns := range [][]string{{"/stock/SPY"}, {"/stock/SPY", "/stock/*"}} {
		b.Run(fmt.Sprintf("10000x%d", len(patterns)), func(b *testing.B) {
			table := NewTable(1024)
			for s := range Subscriber(10_000) {
				for _, p := range patterns {
					table.Subscribe(s, []byte(p))
				}
			}
			name := []byte("/stock/SPY")
			b.ReportAllocs()
			for b.Loop() {
				if n := len(table.Match(name)); n != 10_000 {
					b.Fatal(n)
				}
			}
		})
	}
}

// BenchmarkRampOwnChannels: one operation is a whole ramp; ns/subscription must not grow with their number.
func BenchmarkRampOwnChannels(b *testing.B) {
	for _, n := range []int{2_000, 18_000, 162_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			names := make([][]byte, n)
			for s := range names {
				names[s] = own(Subscriber(s))
			}
			b.ReportAllocs()
			for b.Loop() {
				table := NewTable(1024)
				for s, name := range names {
					table.Subscribe(Subscriber(s), name)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/subscription")
		})
	}
}

// BenchmarkChurnCrowd: subscribers of one pattern come and go in any order.
func BenchmarkChurnCrowd(b *testing.B) {
	table, pattern := NewTable(1024), []byte("/stock/*")
	for s := range Subscriber(10_000) {
		table.Subscribe(s, pattern)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s := Subscriber(i * 7919 % 10_000)
		table.UnsubscribeAll(s, nil)
		table.Subscribe(s, pattern)
	}
}

// BenchmarkOneSubscriberOfMany: a router's link that takes a copy of every channel.
func BenchmarkOneSubscriberOfMany(b *testing.B) {
	for _, n := range []int{2_000, 18_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			names := make([][]byte, n)
			for s := range names {
				names[s] = own(Subscriber(s))
			}
			for b.Loop() {
				table := NewTable(1024)
				for _, name := range names {
					table.Subscribe(0, name)
				}
				table.UnsubscribeAll(0, nil)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/subscription")
		})
	}
}
