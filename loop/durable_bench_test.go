package loop

import (
	"path/filepath"
	"testing"

	"halley/loop/journal"
)

// BenchmarkDurable publishes to a channel with a history and a file, one after the other
// and 32 at a time.
func BenchmarkDurable(b *testing.B) {
	for _, row := range []struct {
		name     string
		sync     journal.Sync
		parallel int
	}{{"one", "interval", 0}, {"many", "interval", 16}, {"synced", "always", 16}} {
		b.Run(row.name, func(b *testing.B) {
			s := start(b, func(c *Config) {
				c.Loops, c.Rules, c.HistorySync = 2, []string{"/h history=1000"}, row.sync
				c.HistoryFile = filepath.Join(b.TempDir(), "history")
			})
			publish := func() {
				if err := s.Publish(publication("/h", `{"price":12.34}`)); err != nil {
					b.Error(err)
				}
			}
			b.ResetTimer()
			if row.parallel == 0 {
				for range b.N {
					publish()
				}
				return
			}
			b.SetParallelism(row.parallel)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					publish()
				}
			})
		})
	}
}

// BenchmarkSequenced publishes to a channel whose last event is remembered in memory alone,
// and posts it to one loop.
func BenchmarkSequenced(b *testing.B) {
	s := start(b, func(c *Config) { c.Loops, c.Rules, c.MaxMailbox = 2, []string{"/s snapshot"}, 1<<30 })
	s.interest.Add([]byte("/s"), 1)
	batch := publication("/s", `{"price":12.34}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Publish(batch); err != nil {
			b.Fatal(err)
		}
	}
}
